//! What senders push.

use logs::wire::push::{Form, request};
use logs::{Entry, Labels, Refused};
use proptest::prelude::*;

use crate::place::{Place, T0, all, always, ask, stream};

#[test]
fn a_push_in_protobuf_and_the_same_in_json_are_one() {
    let place = Place::new("push");
    let mut store = place.open();
    let metadata = Labels::new([("trace", "7")]);
    let entries = [
        Entry { time: T0 + 1, line: "one \"line\"".into(), metadata },
        Entry { time: T0 + 2_000_000_003, line: "two\nlines".into(), metadata: Labels::default() },
    ];
    let odd = Labels::new([("job", "a\"b\\c\nd")]);
    let body = request([(&stream(0), &entries[..]), (&odd, &entries[1..])]);
    let said = store.push(&body, Form::Protobuf, T0).expect("it is kept");
    assert_eq!((said.lines, said.refused), (3, 0), "{said:?}");
    let json = format!(
        r#"{{"streams":[{{"stream":{{"job":"test","n":"0"}},"values":[["{}","one \"line\"",{{"trace":"7"}}],["{}","two\nlines"]]}},
            {{"stream":{{"job":"a\"b\\c\nd"}},"values":[["{}","two\nlines"]]}}]}}"#,
        T0 + 1,
        T0 + 2_000_000_003,
        T0 + 2_000_000_003
    );
    let said = store.push(json.as_bytes(), Form::Json, T0).expect("it is kept");
    assert_eq!((said.lines, said.refused), (3, 0), "{said:?}");
    assert_eq!(all(&store).len(), 3, "twice is once");
    store.seal().expect("it is written");
    let logs::logql::Answer::Streams(streams) =
        ask(&store, "{job=\"test\"} | trace=\"7\"", always())
    else {
        panic!("lines are lines")
    };
    assert_eq!(streams[0].1, [(T0 + 1, "one \"line\"".to_owned())]);
    assert_eq!(streams[0].0.get("trace"), "7", "what is known of a line is a label of it");
}

#[test]
fn what_is_wrong_in_a_push_is_told() {
    let place = Place::new("bad-push");
    let mut store = place.open();
    let mut refused = |body: &[u8], form| match store.push(body, form, T0) {
        Err(Refused::Malformed(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused(b"rubbish", Form::Protobuf).contains("no Snappy block"));
    let packed = snap::raw::Encoder::new().compress_vec(b"\xff\xff").expect("packed");
    assert!(refused(&packed, Form::Protobuf).contains("Protocol Buffer"));
    assert!(refused(b"{", Form::Json).contains("no JSON"));
    assert!(refused(b"{}", Form::Json).contains("streams"));
    assert!(
        refused(br#"{"streams":[{"stream":{"a":1},"values":[]}]}"#, Form::Json).contains("streams")
    );
    // A stream with wrong labels keeps the others from nothing.
    let mut plain = vec![0x0a, 12, 0x0a, 6];
    plain.extend_from_slice(b"{a=~1}");
    plain.extend_from_slice(&[0x12, 2, 0x12, 0]);
    let entries = [Entry { time: T0, line: "good".into(), metadata: Labels::default() }];
    let good = request([(&stream(0), &entries[..])]);
    plain.extend(snap::raw::Decoder::new().decompress_vec(&good).expect("unpacked"));
    let body = snap::raw::Encoder::new().compress_vec(&plain).expect("packed");
    let said = store.push(&body, Form::Protobuf, T0).expect("the good one is kept");
    assert_eq!((said.lines, said.refused), (1, 1), "{said:?}");
    assert!(said.why.is_some_and(|why| why.contains("{a=~1}")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn rubbish_is_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let place = Place::new("rubbish");
        let mut store = place.open();
        let packed = snap::raw::Encoder::new().compress_vec(&bytes).expect("packed");
        for (body, form) in [(&bytes, Form::Protobuf), (&packed, Form::Protobuf), (&bytes, Form::Json)] {
            let _ = store.push(body, form, T0);
        }
    }
}
