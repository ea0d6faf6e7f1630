//! Memory: `/proc/meminfo` and the parts of `/proc/vmstat` that tell of its want.

use super::{Source, Went};
use crate::text::{Families, Metric};

pub(super) fn meminfo(source: &Source, found: &mut Families) -> Went {
    for line in source.root.read("proc/meminfo")?.lines() {
        let Some((key, rest)) = line.split_once(':') else { continue };
        let mut words = rest.split_whitespace();
        let Some(value) = words.next().and_then(|word| word.parse::<f64>().ok()) else { continue };
        let key = key.replace('(', "_").replace(')', "");
        let (key, value) = match words.next() {
            Some("kB") => (format!("{key}_bytes"), value * 1024.0),
            Some(_) | None => (key, value),
        };
        let name = format!("node_memory_{key}");
        let help = format!("Memory information field {key}.");
        found.add(&Metric::gauge(&name, &help), &[], value);
    }
    Ok(())
}

pub(super) fn vmstat(source: &Source, found: &mut Families) -> Went {
    for line in source.root.read("proc/vmstat")?.lines() {
        let Some((key, value)) = line.split_once(' ') else { continue };
        let told = ["oom_kill", "pgpg", "pswp"].iter().any(|start| key.starts_with(start))
            || (key.starts_with("pg") && key.contains("fault"));
        if let (true, Ok(value)) = (told, value.trim().parse()) {
            let name = format!("node_vmstat_{key}");
            let help = format!("/proc/vmstat information field {key}.");
            found.add(&Metric::untyped(&name, &help), &[], value);
        }
    }
    Ok(())
}
