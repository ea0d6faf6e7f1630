//! The order of a change on the whole example.

use model::{Id, Named as _, kinds::Host};
use verify::waves;

#[test]
fn no_wave_of_the_example_touches_two_that_stand_in_for_each_other() {
    let isp = testkit::isp(&testkit::example("neutrinet"));
    let waves = waves::waves(&isp);
    let all: Vec<Id<Host>> = waves.concat();
    assert_eq!(all.len(), isp.hosts.iter().filter(|(id, _)| isp.is_converged(*id)).count());
    for wave in &waves {
        for (one, other) in wave.iter().flat_map(|one| wave.iter().map(move |other| (one, other))) {
            assert_eq!(waves::stand_in(&isp, *one, *other), None);
        }
    }
    let wave = |name: &str| {
        let id = isp.hosts.find(name).unwrap();
        waves.iter().position(|wave| wave.contains(&id)).unwrap()
    };
    for (one, other) in
        [("edge-01", "edge-02"), ("core-01", "core-02"), ("core-03", "core-04"), ("fw-01", "fw-02")]
    {
        assert_ne!(wave(one), wave(other), "{one} and {other}");
    }
    // Those that stand by go first.
    assert!(wave("fw-02") < wave("fw-01"));
    let named = |wave: &Vec<Id<Host>>| wave.iter().map(|id| isp.hosts[*id].name()).collect();
    let names: Vec<Vec<&str>> = waves.iter().map(named).collect();
    assert!(waves.len() <= 6, "{names:?}");
}
