//! Which addresses this host holds, as its kernel says.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Every address of this host.
pub(super) fn all() -> Result<BTreeSet<IpAddr>, String> {
    let read = |path: &str| {
        crate::tree::plain_text(Path::new(path)).map_err(|error| format!("{path}: {error}"))
    };
    let mut held = four(&read("/proc/net/fib_trie")?);
    // A kernel without IPv6 has no such file.
    held.extend(six(&read("/proc/net/if_inet6").unwrap_or_default()));
    Ok(held)
}

/// An address that is local stands on the line above the word.
fn four(trie: &str) -> BTreeSet<IpAddr> {
    let mut held = BTreeSet::new();
    let mut last: Option<Ipv4Addr> = None;
    for line in trie.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line == "/32 host LOCAL" {
            held.extend(last.map(IpAddr::V4));
        }
    }
    held
}

fn six(list: &str) -> BTreeSet<IpAddr> {
    let number = |line: &str| u128::from_str_radix(line.split_whitespace().next()?, 16).ok();
    list.lines().filter_map(number).map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))).collect()
}

#[cfg(test)]
mod tests {
    use super::{all, four, six};
    use std::net::IpAddr;

    const TRIE: &str = "Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 80.67.181.64/26 2 0 2
        |-- 80.67.181.64
           /26 link UNICAST
        |-- 80.67.181.70
           /32 host LOCAL
        |-- 80.67.181.127
           /32 link BROADCAST
";

    #[test]
    fn only_what_is_local_is_held() {
        let own: IpAddr = "80.67.181.70".parse().expect("an address");
        assert_eq!(four(TRIE).into_iter().collect::<Vec<_>>(), [own]);
        let list = "20010913100000020000000000000070 05 40 00 80 vrrp6.57\nnonsense\n";
        let own: IpAddr = "2001:913:1000:2::70".parse().expect("an address");
        assert_eq!(six(list).into_iter().collect::<Vec<_>>(), [own]);
    }

    #[test]
    fn this_host_holds_its_loopback() {
        let held = all().expect("the kernel's lists");
        assert!(held.contains(&IpAddr::from([127, 0, 0, 1])), "{held:?}");
    }
}
