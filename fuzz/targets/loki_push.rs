//! Bytes as the body of a push: as they are, packed, and as JSON.
#![no_main]

use logs::wire::push::Form;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    ketupa_fuzz::with_logs(|store| {
        let now = ketupa_fuzz::NOW * 1_000_000;
        let packed = snap::raw::Encoder::new().compress_vec(data).expect("it can be packed");
        for (body, form) in [
            (data, Form::Protobuf),
            (&packed, Form::Protobuf),
            (data, Form::Json),
            (data, Form::PackedJson),
        ] {
            if let Err(why) = store.push(body, form, now) {
                assert!(!why.to_string().is_empty());
            }
        }
    });
});
