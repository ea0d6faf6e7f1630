//! What operators read: the text that is printed for BIRD.

use insta::assert_snapshot;
use policy::standard::{self, Parameters, Place, Relation};
use policy::{Family, Filter, bird};

use crate::sample;

fn printed(filters: &[Filter]) -> String {
    bird::print(filters, &sample::network().names()).expect("the sample's names do not clash")
}

fn both(relation: Relation) -> String {
    let session = sample::session(relation, Family::V4);
    let parameters = Parameters { network: sample::network(), session };
    let filters =
        [standard::import(relation, &parameters), standard::export(relation, &parameters)];
    printed(&filters)
}

#[test]
fn transit() {
    assert_snapshot!(both(Relation::Transit));
}

#[test]
fn route_server() {
    assert_snapshot!(both(Relation::RouteServer));
}

#[test]
fn peer() {
    assert_snapshot!(both(Relation::Peer));
}

#[test]
fn customer() {
    assert_snapshot!(both(Relation::Customer));
}

#[test]
fn customer_with_private_asn() {
    let session = sample::private_customer(Family::V6);
    let parameters = Parameters { network: sample::network(), session };
    assert_snapshot!(printed(&[standard::import(Relation::Customer, &parameters)]));
}

#[test]
fn inside() {
    let network = sample::network();
    assert_snapshot!(printed(&[
        standard::internal_export(Place::Edge, Place::Inside, &network, Family::V4),
        standard::internal_import(Place::Edge, Place::Inside, &network, Family::V4),
        standard::internal_export(Place::Edge, Place::Edge, &network, Family::V4),
        standard::internal_export(Place::Inside, Place::Edge, &network, Family::V4),
        standard::originate(&network, Family::V4),
    ]));
}

#[test]
fn everything_together_has_no_clash() {
    let all = [sample::filters(Family::V4), sample::filters(Family::V6)].concat();
    assert_eq!(printed(&all), printed(&all.clone()));
}
