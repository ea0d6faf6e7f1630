//! The stream: what is understood, and what is refused.

use host::frame::{self, Broken, MARK};
use host::wire::{Answer, Observe, Request};

use crate::lab::Lab;

fn refused(input: &[u8]) -> String {
    let (lab, mut output) = (Lab::new(), Vec::new());
    host::serve_at(&lab.place(), input, &mut output).unwrap();
    match frame::receive(&mut output.as_slice()).unwrap() {
        Some(Answer::Refused { why }) => why,
        other => panic!("{other:?}"),
    }
}

fn framed(content: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::send(&mut bytes, &content).unwrap();
    bytes
}

#[test]
fn answers_every_request_of_a_stream_in_order() {
    let (lab, mut input, mut output) = (Lab::new(), Vec::new(), Vec::new());
    frame::send(&mut input, &Request::Recover).unwrap();
    frame::send(&mut input, &Request::Observe(Observe::default())).unwrap();
    host::serve_at(&lab.place(), input.as_slice(), &mut output).unwrap();
    let mut output = output.as_slice();
    assert_eq!(frame::receive(&mut output).unwrap(), Some(Answer::Recovered(Ok(None))));
    assert!(matches!(frame::receive(&mut output).unwrap(), Some(Answer::Observed(_))));
    assert!(frame::receive::<Answer>(&mut output).unwrap().is_none());
}

#[test]
fn refuses_a_greeting_another_version_and_an_unknown_request() {
    assert!(refused(b"Welcome to Debian").contains("does a start-up file print something?"));
    let mut later = framed("x");
    later[3] = 2;
    assert_eq!(refused(&later), "the other side speaks version 2, this one 1");
    assert!(refused(&framed("Explode")).contains("unknown variant `Explode`"));
    let mut field = Vec::new();
    let unknown: std::collections::BTreeMap<&str, std::collections::BTreeMap<&str, u8>> =
        [("Observe", [("colour", 1)].into())].into();
    frame::send(&mut field, &unknown).unwrap();
    assert!(refused(&field).contains("unknown field `colour`"));
}

#[test]
fn refuses_a_damaged_or_shortened_or_endless_frame() {
    let mut damaged = framed("Recover");
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&damaged), "a frame's content does not match its checksum");
    let whole = framed("Recover");
    for length in 1..whole.len() {
        assert!(refused(&whole[..length]).contains("the stream broke"), "{length}");
    }
    let endless = [&MARK[..], &u32::MAX.to_be_bytes(), &[0; 32]].concat();
    assert!(matches!(frame::receive::<Request>(&mut endless.as_slice()), Err(Broken::Long(_))));
}
