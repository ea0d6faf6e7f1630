//! Bytes as what a store finds on its disk: a log, a file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let folder = ketupa_fuzz::folder();
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("it can be made");
    std::fs::write(folder.join("log-3"), data).expect("it can be written");
    std::fs::write(folder.join("raw_20000+1_0000000001.chunk"), data).expect("it can be written");
    let store = metrics::Store::open(&folder, metrics::Settings::default()).expect("it opens");
    let any = metrics::promql::selector("{__name__=~\".+\"}").expect("it is right");
    let _ = store.read(&any, 0, i64::MAX / 16);
});
