//! Scratch.
use std::time::Instant;
use twin::{HostSpec, Image, Lab, Port, Site, Twin};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut site = Site::with("/tmp/target-twin/debug/twin-init");
    site.run = "/run/ketupa/x".into();
    let n: usize = a.get(2).and_then(|n| n.parse().ok()).unwrap_or(2);
    match a[1].as_str() {
        "image" => { let t = Instant::now(); let i = Image::ensure(&site, twin::image::PACKAGES, &mut |l| println!("{l}")).unwrap(); println!("{:?} {:?}", i.folder(), t.elapsed()); }
        "check" => { let i = Image::ensure(&site, twin::image::PACKAGES, &mut |l| println!("{l}")).unwrap(); let t = Instant::now(); let c: Vec<String> = a[2..].to_vec(); let o = i.run(&c).unwrap(); println!("{} {}{} {:?}", o.status, String::from_utf8_lossy(&o.stdout), String::from_utf8_lossy(&o.stderr), t.elapsed()); }
        "up" => { let i = Image::ensure(&site, twin::image::PACKAGES, &mut |l| println!("{l}")).unwrap();
            let hosts = (0..n).map(|h| HostSpec { name: format!("h{h}"), ports: (0..3).map(|p| Port { interface: format!("eth{p}"), segment: format!("seg{}", (h + p) % 12), mac: format!("02:00:00:00:{h:02x}:{p:02x}") }).collect() }).collect();
            let lab = Lab { name: "x".into(), hosts, segments: (0..12).map(|s| format!("seg{s}")).collect() };
            let t = Instant::now(); Twin::up(&lab, &i).unwrap(); println!("{:?}", t.elapsed()); }
        "down" => { let t = Instant::now(); Twin::open(&site, "x").unwrap().down().unwrap(); println!("{:?}", t.elapsed()); }
        "clear" => { Twin::clear(&site, "x").unwrap(); }
        "e" => { let t = Twin::open(&site, "x").unwrap(); let w: Vec<&str> = a[3..].iter().map(String::as_str).collect(); t.interactive(&a[2], &w).unwrap(); }
        _ => {}
    }
}
