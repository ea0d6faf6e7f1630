//! Bytes as what a queue finds on its disk: logs, columns, a note of how far it was sent.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let folder = ketupa_fuzz::folder();
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("it can be made");
    for name in ["cursor", "0000000001.log", "0000000002_7.columns", "0000000003.log"] {
        std::fs::write(folder.join(name), data).expect("it can be written");
    }
    let mut queue = metrics::queue::Queue::open(&folder, 1 << 20).expect("it opens");
    let target = metrics::Labels::new([("job", "x")]);
    let samples = [(target.with(metrics::NAME, "up"), 1.0)];
    queue.append(&target, ketupa_fuzz::NOW, &samples).expect("it is kept");
    let mut last = None;
    while let Some(parcel) = queue.next(1000) {
        queue.taken(&parcel);
        last = Some(parcel);
    }
    let read = metrics::wire::remote_write::read(&last.expect("a row came").body);
    assert!(read.is_some_and(|series| series.iter().any(|(labels, _)| *labels == samples[0].0)));
    assert!(queue.is_empty());
});
