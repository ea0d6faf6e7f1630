//! Rule files: read, refused with the line, printed and read again.

use watch::{Group, Makes, read, to_yaml};

const GOOD: &str = include_str!("files/good.yml");

fn wrong(text: &str) -> Vec<String> {
    let found = read("bad.yml", text).expect_err("something is wrong with it");
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_is_read_with_all_that_it_says() {
    let groups = read("good.yml", GOOD).expect("nothing is wrong with it");
    let [first, second] = groups.as_slice() else { panic!("two groups") };
    assert_eq!((first.interval_ms, first.offset_ms, first.limit), (Some(30_000), 60_000, 9));
    assert_eq!(first.key(), "good.yml;numbers");
    let [sum, much] = first.rules.as_slice() else { panic!("two rules") };
    assert_eq!((sum.makes.clone(), sum.line), (Makes::Series, 10));
    let alerting = much.alerting().expect("it alerts");
    assert_eq!((alerting.hold_ms, alerting.keep_ms), (90_000, 300_000));
    assert_eq!(first.labels_of(much)["team"], "own", "a rule's label wins over its group's");
    assert_eq!(alerting.annotations["summary"], "{{ $labels.instance }} has\n{{ $value }}\n");
    assert_eq!(second.rules[0].expr, "up == 0", "an anchor stands for what it names");
    assert_eq!(second.rules[1].expr, "up == 0");
}

#[test]
fn what_is_printed_reads_the_same() {
    let mut groups = read("good.yml", GOOD).expect("nothing is wrong with it");
    let again = read("good.yml", &to_yaml(&groups)).expect("nothing is wrong with it");
    let lineless = |groups: &mut Vec<Group>| {
        groups.iter_mut().flat_map(|group| &mut group.rules).map(|rule| rule.line = 0).count();
    };
    let mut again = again;
    lineless(&mut groups);
    lineless(&mut again);
    assert_eq!(again, groups);
}

#[test]
fn everything_wrong_is_told_with_its_line() {
    let text = "groups:
- name: a
  interval: 1x
  rules:
  - alert: A
    expr: up ==
  - alert: B
    record: b
    expr: up
  - record: 0b
    expr: up
    for: 1m
  - alert: C
    exprr: up
  - alert: D
    expr: up
    labels: {9x: y, __name__: z}
    annotations:
      summary: '{{ shout $value }}'
      more: '{{ $labels.x'
- name: a
  rules: 7
extra: 1
";
    assert_eq!(
        wrong(text)
            .iter()
            .map(|line| line.split_once(": up ==").map_or(line.as_str(), |(before, _)| before))
            .collect::<Vec<_>>(),
        [
            "bad.yml:3: `1x` is no length of time: write `90s` or `1h30m`",
            "bad.yml:6: the question cannot be asked",
            "bad.yml:7: a rule is either `record` or `alert`",
            "bad.yml:10: `0b` is no name of a series",
            "bad.yml:12: `for` is for alerts, not for `record`",
            "bad.yml:13: the rule has no `expr`",
            "bad.yml:14: there is no `exprr` here: a rule has `record` or `alert`, `expr`, `for`, \
             `keep_firing_for`, `labels` and `annotations`",
            "bad.yml:17: `9x` is no name of a label",
            "bad.yml:17: `__name__` is no name of a label",
            "bad.yml:19: `summary` cannot be filled in: there is no function `shout`",
            "bad.yml:20: `more` cannot be filled in: an action is not closed: `}}` is missing",
            "bad.yml:21: a second group is called `a`",
            "bad.yml:22: a list belongs here",
            "bad.yml:23: there is no `extra` here: a rule file has `groups`",
        ]
    );
}

#[test]
fn what_is_no_rule_file_is_refused_and_harms_nobody() {
    for (text, says) in [
        ("groups: [", "bad.yml:2: it is no YAML"),
        ("groups:\n\t- x", "bad.yml:2: it is no YAML"),
        ("- 1", "bad.yml:1: keys with values belong here"),
        ("a: 1\na: 2", "bad.yml:2: `a` is there twice"),
        ("groups: []\n---\ngroups: []", "bad.yml:2: a second document begins"),
        (
            "groups:\n- name: x\n  rules:\n  - {}",
            "bad.yml:4: the rule has neither `record` nor `alert`",
        ),
    ] {
        assert!(wrong(text)[0].starts_with(says), "{text}: {:?}", wrong(text));
    }
    assert_eq!(read("empty.yml", ""), Ok(vec![]));
    assert_eq!(read("empty.yml", "groups:"), Ok(vec![]));
    assert_eq!(wrong(&"[".repeat(100_000)).len(), 1);
    let deep = ["groups: ", &"[".repeat(40), &"]".repeat(40)].concat();
    assert_eq!(wrong(&deep), ["bad.yml:1: it is nested more than 32 deep"]);
    // Each list is ten of the list before: a thousand million, if it were taken as written.
    let laughs: Vec<String> = (1..10)
        .map(|n| format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 10].join(",")))
        .collect();
    let laughs = ["l0: &l0 [x]\n", &laughs.concat()].concat();
    assert!(wrong(&laughs)[0].contains("more than 1048576 values"), "{:?}", wrong(&laughs));
}

/// Files of others, from a directory that is told: they are not ours to keep here.
#[test]
fn files_of_others_are_read() {
    let Ok(directory) = std::env::var("KETUPA_RULE_FILES") else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(directory).expect("it is there") {
        let path = entry.expect("it is there").path();
        let text = std::fs::read_to_string(&path).expect("it is read");
        let groups = read(&path.to_string_lossy(), &text);
        count += groups.map_or_else(
            |wrong| {
                panic!("{}", wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            },
            |groups| groups.iter().map(|group| group.rules.len()).sum::<usize>(),
        );
    }
    println!("{count} rules");
    assert!(count > 0);
}
