//! The boxes themselves: what is written on a machine, a neighbour and a segment.

use crate::net::{is_ours, look};
use crate::shape::{Px, Rect, Shape, Style, Text};
use model::ask::Family;
use model::kinds::{Host, MachineKind, Neighbor, Segment, SegmentKind, Service, Vip};
use model::{Id, Isp, Named as _};
use std::net::IpAddr;

/// The distance of words from the border of their box.
pub(crate) const PAD: Px = 10;
/// The height of a bus.
pub(crate) const BAND: Px = 40;
/// The height of a badge on a machine.
const CHIP: Px = 17;
/// No box is wider because of its words than this.
const WIDEST: Px = 210;

/// A first line and more, as a tooltip shows them.
pub(crate) fn lines(first: String, more: impl IntoIterator<Item = String>) -> String {
    more.into_iter().fold(first, |all, line| if line.is_empty() { all } else { all + "\n" + &line })
}

/// A name and what it is for.
fn headed(name: &str, description: Option<&String>) -> String {
    description.map_or_else(|| name.to_owned(), |text| format!("{name}: {text}"))
}

/// A box that grows from top to bottom.
struct Growing(Shape);

impl Growing {
    fn new(key: String, look: &'static str, title: String) -> Self {
        let rect = Rect { x: 0, y: 0, w: 96, h: 8 };
        Self(Shape { rect, key, look, title, ..Shape::default() })
    }

    fn line(&mut self, style: Style, text: String) {
        let (text, width) = fitted(style, text);
        self.0.rect.w = self.0.rect.w.max(width + 2 * PAD);
        let height = style.size() + 4;
        let y = self.0.rect.h + style.size();
        self.0.rect.h += height;
        self.0.texts.push(Text::new(PAD, y, style, text));
    }

    /// Badges one beside the other, as many in a row as the box is wide.
    fn chips(&mut self, chips: Vec<Shape>) {
        let widest = chips.iter().map(|chip| chip.rect.w).max().unwrap_or(0);
        self.0.rect.w = self.0.rect.w.max(widest + 2 * PAD);
        let (mut x, mut rows) = (PAD, 0);
        for chip in chips {
            if rows == 0 || x + chip.rect.w > self.0.rect.w - PAD {
                self.0.rect.h += if rows == 0 { 3 } else { CHIP + 3 };
                (x, rows) = (PAD, rows + 1);
            }
            let w = chip.rect.w;
            self.0.parts.push(chip.moved(x, self.0.rect.h));
            x += w + 8;
        }
        self.0.rect.h += if rows == 0 { 0 } else { CHIP };
    }

    fn done(mut self) -> Shape {
        self.0.rect.h += 8;
        self.0
    }
}

/// A text that is not wider than a box may be.
fn fitted(style: Style, mut text: String) -> (String, Px) {
    while style.width(&text) > WIDEST {
        let short: String = text.chars().take(text.chars().count().saturating_sub(2)).collect();
        text = short.trim_end_matches('…').trim_end().to_owned() + "…";
    }
    let width = style.width(&text);
    (text, width)
}

fn chip(key: String, look: &'static str, text: String, title: String) -> Shape {
    let (text, width) = fitted(Style::Chip, text);
    // Room on the left for the mark of a state.
    let rect = Rect { x: 0, y: 0, w: width + 15, h: CHIP };
    let texts = vec![Text::new(9, 12, Style::Chip, text)];
    Shape { rect, key, look, title, texts, parts: Vec::new() }
}

/// A small word for a segment that a box touches without a line.
pub(crate) fn tag(look: &'static str, text: &str) -> Shape {
    let rect = Rect { x: 0, y: 0, w: Style::Port.width(text) + 8, h: 14 };
    let texts = vec![Text::new(4, 10, Style::Port, text.to_owned())];
    Shape { rect, look, texts, ..Shape::default() }
}

/// The box of a machine.
pub(crate) fn host(isp: &Isp, id: Id<Host>, host: &Host) -> Shape {
    let look = if host.kind == MachineKind::Rented { "rented" } else { host.role.word() };
    let mut card = Growing::new(format!("host.{}", host.name), look, about_host(isp, id, host));
    card.line(Style::Name, host.name.clone());
    card.line(Style::Note, stands(isp, host));
    for address in shown(isp, host) {
        card.line(Style::Addr, address.to_string());
    }
    let served = isp.services_on(id).map(service).collect();
    card.chips(served);
    let behind = isp.neighbors.values().filter(|n| is_ours(n));
    let here = behind.filter(|n| n.session.first().is_some_and(|s| s.remote == Some(id)));
    let chips = here.map(|n| {
        let text = format!("{} AS{}", n.name, n.asn.0);
        chip(format!("neighbor.{}", n.name), n.relation.word(), text, about_neighbor(n))
    });
    card.chips(chips.collect());
    card.done()
}

/// The addresses on a box: those by which the machine is known, or any that it has.
fn shown(isp: &Isp, host: &Host) -> Vec<IpAddr> {
    let main = |family| host.main_address(isp, family);
    let any = |family| host.nic.iter().find_map(|nic| nic.address(family));
    let known = Family::BOTH.into_iter().any(|family| main(family).is_some());
    let address = |family| if known { main(family) } else { any(family) };
    Family::BOTH.into_iter().filter_map(address).collect()
}

/// What it is, and on what.
fn stands(isp: &Isp, host: &Host) -> String {
    let role = host.role.word();
    let size = host.memory.map_or_else(String::new, |memory| format!(" · {memory}"));
    if host.kind == MachineKind::Rented {
        return format!("rented{size}");
    }
    if host.kind == MachineKind::Hypervisor {
        return format!("{role}{size}");
    }
    let numbered = host.asn.filter(|asn| *asn != isp.about.asn);
    let number = numbered.map_or_else(String::new, |asn| format!(" AS{}", asn.0));
    let below = host.on.map_or_else(String::new, |on| format!(" · {}", isp.hosts[on].name()));
    format!("{role}{number}{below}")
}

fn service(service: &Service) -> Shape {
    let title = lines(
        headed(&format!("service {}", service.name), service.description.as_ref()),
        service.names.iter().cloned(),
    );
    chip(format!("service.{}", service.name), "service", service.name.clone(), title)
}

fn about_host(isp: &Isp, id: Id<Host>, host: &Host) -> String {
    let place = format!("{} at {}", stands(isp, host), isp.sites[host.site].name());
    let loopbacks = Family::BOTH.into_iter().filter_map(|family| host.loopback(family));
    let nics = host.nic.iter().map(|nic| {
        let addresses = Family::BOTH.into_iter().filter_map(|family| nic.address(family));
        let addresses: Vec<String> = addresses.map(|address| address.to_string()).collect();
        format!("{} on {} {}", nic.name, isp.segments[nic.segment].name(), addresses.join(" "))
    });
    let services = isp.services_on(id).map(|service| format!("service {}", service.name));
    let more = [place].into_iter().chain(loopbacks.map(|a| format!("loopback {a}")));
    lines(headed(&host.name, host.description.as_ref()), more.chain(nics).chain(services))
}

/// The box of another network.
pub(crate) fn neighbor(neighbor: &Neighbor) -> Shape {
    let key = format!("neighbor.{}", neighbor.name);
    let mut card = Growing::new(key, neighbor.relation.word(), about_neighbor(neighbor));
    card.line(Style::Name, neighbor.name.clone());
    card.line(Style::Note, format!("{} · AS{}", neighbor.relation.word(), neighbor.asn.0));
    card.done()
}

fn about_neighbor(neighbor: &Neighbor) -> String {
    let what = format!("{}, AS{}", neighbor.relation.word(), neighbor.asn.0);
    let set = neighbor.as_set.clone().unwrap_or_default();
    let prefixes = neighbor.prefixes.iter().map(ToString::to_string);
    let more = [what, set].into_iter().chain(prefixes);
    lines(headed(&neighbor.name, neighbor.description.as_ref()), more)
}

/// The bus of a segment: its name, its prefixes, and the virtual addresses on it.
pub(crate) fn band(isp: &Isp, id: Id<Segment>, segment: &Segment) -> Shape {
    let vlan = segment.vlan.map_or_else(String::new, |vlan| format!(" · VLAN {vlan}"));
    let kind = format!("{}{vlan}", word(segment.kind));
    let prefixes: Vec<String> = Family::BOTH
        .into_iter()
        .filter_map(|family| segment.prefix(family).map(|prefix| prefix.to_string()))
        .collect();
    let title = lines(
        headed(&segment.name, segment.description.as_ref()),
        [kind.clone(), prefixes.join(" "), format!("MTU {}", segment.mtu)],
    );
    let (name, _) = fitted(Style::Name, segment.name.clone());
    let prefixes = prefixes.join("  ");
    let name = Text::new(14, 17, Style::Name, name);
    let kind = name.then(Style::Note, kind);
    let prefixes = Text::new(14, 32, Style::Addr, prefixes);
    let mut x = kind.right().max(prefixes.right()) + 16;
    let texts = vec![name, kind, prefixes];
    let mut parts = Vec::new();
    for vip in isp.vips.values().filter(|vip| vip.segment == id) {
        let pill = pill(isp, vip);
        let w = pill.rect.w;
        parts.push(pill.moved(x, 4));
        x += w + 10;
    }
    let rect = Rect { x: 0, y: 0, w: x, h: BAND };
    let look = look(segment.kind);
    Shape { rect, key: format!("segment.{}", segment.name), look, title, texts, parts }
}

fn word(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Lan => "LAN",
        SegmentKind::Sync
        | SegmentKind::Backbone
        | SegmentKind::Transit
        | SegmentKind::Exchange
        | SegmentKind::Management
        | SegmentKind::OutOfBand => kind.word(),
    }
}

/// A virtual address on its segment, with those who may hold it in order.
fn pill(isp: &Isp, vip: &Vip) -> Shape {
    let holders: Vec<&str> = vip.hosts.iter().map(|id| isp.hosts[*id].name()).collect();
    let addresses: Vec<String> = Family::BOTH
        .into_iter()
        .filter_map(|family| vip.address(family).map(|address| address.to_string()))
        .collect();
    let says = format!("VIP {}", vip.name);
    let address = addresses.first().cloned().unwrap_or_default();
    let order = holders.join(" › ");
    let vrid = format!("VRID {}, every {} ms", vip.vrid, vip.advert_ms);
    let title = lines(
        headed(&format!("VIP {}", vip.name), vip.description.as_ref()),
        [addresses.join(" "), format!("held by {order}"), vrid],
    );
    let says = Text::new(PAD, 13, Style::Chip, says);
    let address = says.then(Style::Addr, address);
    let order = Text::new(PAD, 26, Style::Chip, order);
    let w = address.right().max(order.right()) + PAD;
    let texts = vec![says, address, order];
    let rect = Rect { x: 0, y: 0, w, h: BAND - 8 };
    Shape { rect, key: format!("vip.{}", vip.name), look: "vip", title, texts, parts: Vec::new() }
}

/// The width of small words side by side.
fn together(tags: &[Shape]) -> Px {
    tags.iter().map(|tag| tag.rect.w + 4).sum()
}

/// The least width of a box with small words beside its name.
pub(crate) fn least(shape: &Shape, tags: &[Shape]) -> Px {
    let name = shape.texts.first().map_or(0, Text::right);
    shape.rect.w.max(name + 8 + together(tags))
}

/// Puts small words into the upper right corner of a box that has its final width.
pub(crate) fn tagged(mut shape: Shape, tags: Vec<Shape>) -> Shape {
    let mut x = shape.rect.right() - 2 - together(&tags);
    for tag in tags {
        let w = tag.rect.w;
        shape.parts.push(tag.moved(x, shape.rect.y + 7));
        x += w + 4;
    }
    shape
}
