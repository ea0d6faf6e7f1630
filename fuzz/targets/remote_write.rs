//! Bytes as the body of a remote write request: as they are, and packed.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    ketupa_fuzz::with_store(|store| {
        let now = ketupa_fuzz::NOW;
        let _ = store.remote_write(data, now);
        let packed = snap::raw::Encoder::new().compress_vec(data).expect("it can be packed");
        if let Err(why) = store.remote_write(&packed, now) {
            assert!(!why.to_string().is_empty());
        }
    });
});
