//! The picture's promises: the same bytes, every object once, no words on others, well-formed.

use crate::layout::picture;
use crate::shape::{Picture, Shape, Text};
use crate::{Colours, State, svg};
use model::{Isp, Source};
use std::fmt::Write as _;
use std::path::Path;

fn example(name: &str) -> Isp {
    testkit::isp(&testkit::example(name))
}

/// A provider with some sites, and routers that have a backbone, a transit or a LAN each.
fn big(routers: usize, sites: usize) -> Isp {
    let mut text = String::from("[isp]\nname = \"Big\"\nasn = 64500\ndomain = \"big.example\"\n");
    text.push_str("[segment.backbone]\nkind = \"backbone\"\nipv4 = \"10.0.0.0/16\"\n");
    for site in 0..sites {
        let _ = writeln!(text, "[site.pop-{site:02}]");
    }
    for i in 0..routers {
        let (a, b, site) = (i / 250, i % 250 + 1, i % sites);
        let edge = i < sites;
        let (role, kind) = if edge { ("edge", "transit") } else { ("core", "lan") };
        let _ = write!(
            text,
            "[segment.net-{i:03}]\nkind = \"{kind}\"\nipv4 = \"172.{}.{b}.0/29\"\n\
             [host.r-{i:03}]\nrole = \"{role}\"\nsite = \"pop-{site:02}\"\n\
             loopback4 = \"10.9.{a}.{b}\"\n\
             nic.bb = {{ segment = \"backbone\", ipv4 = \"10.0.{a}.{b}\" }}\n\
             nic.net = {{ segment = \"net-{i:03}\", ipv4 = \"172.{}.{b}.2\" }}\n",
            16 + a,
            16 + a
        );
        let _ = if edge {
            write!(
                text,
                "[neighbor.n-{i:03}]\nasn = {}\nrelation = \"transit\"\nlimit4 = 1\nlimit6 = 1\n\
                 [neighbor.n-{i:03}.session.one]\nhost = \"r-{i:03}\"\nipv4 = \"172.{}.{b}.1\"\n",
                6696 + i,
                16 + a
            )
        } else {
            write!(
                text,
                "[host.c-{i:03}]\nrole = \"client\"\nsite = \"pop-{site:02}\"\n\
                 nic.eth0 = {{ segment = \"net-{i:03}\", ipv4 = \"172.{}.{b}.3\" }}\n",
                16 + a
            )
        };
    }
    testkit::isp_from(&text)
}

#[test]
fn the_order_of_declaration_changes_nothing() {
    for name in ["minimal", "neutrinet"] {
        let directory = testkit::example(name);
        let turned = testkit::sources(&directory).into_iter().rev().map(|source| {
            let blocks: Vec<&str> = source.text.split("\n\n").collect();
            let text: Vec<&str> = blocks.into_iter().rev().collect();
            Source::new(source.path.clone(), text.join("\n\n").as_bytes())
        });
        let turned: Vec<Source> = turned.collect();
        let other = model::load(&turned).isp.expect("an ISP does not depend on the order");
        let colours = Colours::default();
        assert_eq!(svg(&testkit::isp(&directory), &colours), svg(&other, &colours), "{name}");
    }
}

#[test]
fn every_object_is_drawn_exactly_once() {
    let isp = example("neutrinet");
    let text = svg(&isp, &Colours::default());
    let mut keys: Vec<String> = Vec::new();
    keys.extend(isp.hosts.values().map(|host| format!("host.{}", host.name)));
    keys.extend(isp.segments.values().map(|segment| format!("segment.{}", segment.name)));
    keys.extend(isp.vips.values().map(|vip| format!("vip.{}", vip.name)));
    keys.extend(isp.sites.values().map(|site| format!("site.{}", site.name)));
    keys.extend(isp.services.values().map(|service| format!("service.{}", service.name)));
    for neighbor in isp.neighbors.values() {
        keys.push(format!("neighbor.{}", neighbor.name));
        let sessions = neighbor.session.iter();
        keys.extend(sessions.map(|s| format!("session.{}/{}", neighbor.name, s.name)));
    }
    for host in isp.hosts.values() {
        keys.extend(host.nic.iter().map(|nic| format!("nic.{}/{}", host.name, nic.name)));
    }
    for key in keys {
        assert_eq!(text.matches(&format!("data-key=\"{key}\"")).count(), 1, "{key}");
    }
}

/// Every text of a picture.
fn texts(picture: &Picture) -> Vec<Text> {
    fn within(shape: &Shape, all: &mut Vec<Text>) {
        all.extend(shape.texts.iter().cloned());
        shape.parts.iter().for_each(|part| within(part, all));
    }
    let mut all = picture.texts.clone();
    let boxes = [&picture.frames, &picture.bands, &picture.cards, &picture.legend];
    boxes.into_iter().flatten().for_each(|shape| within(shape, &mut all));
    all.extend(picture.wires.iter().filter_map(|wire| wire.label.clone()));
    all.retain(|text| !text.words.is_empty());
    all
}

#[test]
fn no_words_and_no_boxes_lie_on_others() {
    for isp in [example("minimal"), example("neutrinet"), big(40, 3), big(90, 1)] {
        let picture = picture(&isp);
        let texts = texts(&picture);
        for (index, a) in texts.iter().enumerate() {
            assert!(a.x >= 0 && a.right() <= picture.width && a.y <= picture.height, "{a:?}");
            for b in &texts[index + 1..] {
                assert!(!a.rect().overlaps(&b.rect()), "{a:?}\n{b:?}");
            }
        }
        let boxes: Vec<&Shape> = picture.cards.iter().chain(&picture.bands).collect();
        for (index, a) in boxes.iter().enumerate() {
            for b in &boxes[index + 1..] {
                assert!(!a.rect.overlaps(&b.rect), "{} and {}", a.key, b.key);
            }
        }
    }
}

#[test]
fn words_stay_in_their_boxes() {
    fn held(shape: &Shape) {
        for text in &shape.texts {
            assert!(text.x >= shape.rect.x, "{text:?} in {}", shape.key);
            assert!(text.right() <= shape.rect.right(), "{text:?} in {}", shape.key);
        }
        for part in &shape.parts {
            assert!(part.rect.right() <= shape.rect.right(), "{} in {}", part.key, shape.key);
            held(part);
        }
    }
    for isp in [example("minimal"), example("neutrinet"), big(40, 3)] {
        let picture = picture(&isp);
        picture.frames.iter().chain(&picture.bands).chain(&picture.cards).for_each(held);
    }
}

#[test]
fn lines_pass_no_box_but_their_own() {
    for isp in [example("neutrinet"), big(40, 3)] {
        let picture = picture(&isp);
        for wire in &picture.wires {
            for pair in wire.points.windows(2) {
                let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
                let passed = picture.cards.iter().find(|card| {
                    let r = card.rect;
                    r.x < ax.max(bx)
                        && ax.min(bx) < r.right()
                        && r.y < ay.max(by)
                        && ay.min(by) < r.bottom()
                });
                assert_eq!(passed.map(|card| &card.key), None, "{}", wire.key);
            }
        }
    }
}

/// Checks that tags match and that nothing stands in the text that XML forbids.
fn well_formed(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut pieces = text.split('<');
    assert_eq!(pieces.next(), Some(""));
    for piece in pieces {
        let (tag, rest) = piece.split_once('>').expect("a tag ends");
        assert!(!rest.contains("]]>"), "{rest}");
        for part in [tag, rest] {
            let mut after = part.split('&');
            after.next();
            for entity in after {
                let known = ["amp;", "lt;", "gt;", "quot;"];
                assert!(known.iter().any(|name| entity.starts_with(name)), "&{entity}");
            }
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        match tag.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed)),
            None if tag.ends_with('/') => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

#[test]
fn pictures_are_well_formed_whatever_is_declared() {
    let minimal = testkit::sources(&testkit::example("minimal")).pop();
    let bad = r#""<script>&\"']]>""#;
    let text = minimal.expect("the example is there").text;
    let text = text.replace("\"Minimal\"", bad).replace("\"Brussels\"", bad);
    let text =
        text.replace("role = \"client\"", &format!("role = \"client\"\ndescription = {bad}"));
    let loaded = model::load(&[Source::new("isp.toml", text.as_bytes())]);
    for isp in [example("neutrinet"), loaded.isp.expect("the loader takes any text")] {
        let mut colours = Colours::default();
        colours.set("host.router", State::Down, "no <answer> & \"silence\"");
        let text = svg(&isp, &colours);
        well_formed(&text);
        assert!(!text.contains("<script"));
    }
    assert_eq!(crate::draw::escaped("a\0\u{1b}\u{ffff}\n"), "a\u{fffd}\u{fffd}\u{fffd}\n");
}

#[test]
fn a_state_is_a_mark_a_colour_and_a_sentence() {
    let mut colours = Colours::default();
    let plain = svg(&example("minimal"), &colours).matches("class=\"mark").count();
    assert_eq!(plain, State::ALL.len(), "without states only the legend has marks");
    colours.set("session.upstream/first", State::Down, "since 12:00");
    colours.set("host.router", State::Up, "");
    let text = svg(&example("minimal"), &colours);
    assert_eq!(text.matches("class=\"mark down\"").count(), 2);
    assert!(text.contains("class=\"edge up\" data-key=\"host.router\""));
    assert!(text.contains("\ndown: since 12:00</title>"));
    assert!(text.contains("\nup</title>"));
}

#[test]
fn minimal_looks_as_it_was_reviewed() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/minimal.svg");
    testkit::golden::check(&kept, &svg(&example("minimal"), &Colours::default()));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a promise about time needs a clock")]
fn three_hundred_routers_are_drawn_within_a_second() {
    for isp in [big(300, 1), big(300, 30)] {
        let start = std::time::Instant::now();
        let text = svg(&isp, &Colours::default());
        assert!(start.elapsed().as_millis() < 1000, "{:?}", start.elapsed());
        assert!(text.len() < 2_000_000);
    }
}

#[test]
fn an_empty_provider_is_a_picture_too() {
    well_formed(&svg(&Isp::default(), &Colours::default()));
}
