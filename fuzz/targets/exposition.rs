//! A text as an exporter exposes it: what is read returns when it is federated.
#![no_main]

use metrics::wire::exposition::{Target, parse};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text) {
        Err(why) => assert!(why.starts_with("line ")),
        Ok(exposed) => {
            for sample in &exposed.samples {
                let again = parse(&format!("{} 1", sample.labels)).expect("it reads what it writes");
                assert_eq!(again.samples[0].labels, sample.labels);
            }
        }
    }
    ketupa_fuzz::with_store(|store| {
        let mut target = Target::new(metrics::Labels::new([("job", "x"), ("instance", "y")]));
        let _ = target.scraped(store, text, (ketupa_fuzz::NOW, 0.1));
        let any = metrics::promql::selector("{__name__=~\".+\"}").expect("it is right");
        let told = store.federate(&[any], ketupa_fuzz::NOW);
        parse(&told).expect("it reads what it tells");
    });
});
