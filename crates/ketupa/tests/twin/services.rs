//! Every service answers by its name, over TLS, through the proxies' address.

use model::Named as _;
use model::ask::Family;
use model::kinds::{Exposure, Service};
use rehearse::Rehearsal;
use rehearse::ask::AUTHORITY;
use rehearse::outside::INTERNET;

use crate::stage::{Declared, Living};

#[test]
fn every_service_answers_by_name_over_tls_from_the_internet() {
    let network = Declared::example("neutrinet", "services").up();
    let services: Vec<&Service> = network.isp.services.values().collect();
    assert_eq!(services.len(), 12);
    for service in services {
        for name in &service.names {
            for family in Family::BOTH {
                answers(&network, service, name, family);
            }
        }
    }
    plain_text_leads_to_tls(&network);
    no_other_door_is_open(&network);
}

/// A public service answers the Internet; one for members tells the Internet so, and answers them.
fn answers(network: &Living, service: &Service, name: &str, family: Family) {
    let (page, status) = match service.exposure {
        Exposure::Public => fetch(network, INTERNET, name, family),
        Exposure::Members => {
            let (says, status) = fetch(network, INTERNET, name, family);
            assert_eq!(
                (status.as_str(), says.contains("members")),
                ("403", true),
                "{name}: {says}"
            );
            fetch(network, "friend", name, family)
        }
    };
    let known = Rehearsal::page(&network.isp, service);
    assert_eq!(status, "200", "{name}: {page}");
    assert!(known.iter().any(|text| page.contains(text)), "{name} answers {page}, not {known:?}");
}

/// The page and the status at `https://NAME/`, whose certificate must be right. The one who answered
/// must be the proxies' virtual address.
fn fetch(network: &Living, from: &str, name: &str, family: Family) -> (String, String) {
    let digit = family.digit();
    let said = network.says(
        from,
        &format!(
            "curl -sS -{digit} --max-time 5 --cacert {AUTHORITY} https://{name}/ \
             -w '\\n%{{remote_ip}} %{{http_code}}'"
        ),
    );
    let (page, last) = said.rsplit_once('\n').unwrap();
    let (remote, status) = last.split_once(' ').unwrap();
    let proxy = network.isp.vips.values().find(|vip| vip.name() == "proxy").unwrap();
    assert_eq!(remote, proxy.address(family).unwrap().to_string(), "{name}");
    (page.to_owned(), status.to_owned())
}

fn plain_text_leads_to_tls(network: &Living) {
    let said = network
        .says(INTERNET, "curl -sS -o /dev/null -w '%{redirect_url}' http://cube.neutrinet.be/");
    assert_eq!(said, "https://cube.neutrinet.be/");
}

/// The web servers behind the proxies, and the proxies' other ports, are nobody's from outside.
fn no_other_door_is_open(network: &Living) {
    let server = network.address("cube", Family::V4);
    for door in [format!("{server} 80"), "80.67.181.70 22".to_owned()] {
        let (code, said) = network.tries(INTERNET, &format!("nc -z -w 1 {door}"));
        assert_ne!(code, 0, "{door} is open: {said}");
    }
}
