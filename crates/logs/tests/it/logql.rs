//! Questions and their answers.

use logs::logql::{Answer, Ask, parse};
use logs::{Labels, Store};

use crate::place::{Place, T0, always, append, ask};

const SECOND: i64 = 1_000_000_000;

/// A minute of a web server's lines, one each second, and of another program's.
fn filled(place: &Place) -> Store {
    let mut store = place.open();
    let web = Labels::new([("job", "web"), ("host", "a")]);
    let mail = Labels::new([("job", "mail"), ("host", "b")]);
    for n in 0..60_i64 {
        let time = T0 + n * SECOND;
        let status = if n % 10 == 0 { 500 } else { 200 };
        let json = format!(
            r#"{{"status":{status},"took":"{}ms","req":{{"path":"/p{}"}}}}"#,
            n * 10,
            n % 3
        );
        append(&mut store, &web, &[(time, &json)], time);
        let line = format!(
            "level={} user=u{} size={}KB msg=\"to {n}\"",
            if n < 30 { "info" } else { "warn" },
            n % 4,
            n
        );
        append(&mut store, &mail, &[(time, &line)], time);
        if n == 30 {
            store.seal().expect("it is written");
        }
    }
    store
}

fn instant(store: &Store, query: &str) -> Vec<String> {
    let at = Ask { end: T0 + 59 * SECOND, ..always() };
    match ask(store, query, at) {
        Answer::Vector(_, vector) => {
            vector.iter().map(|(labels, value)| format!("{labels} {value}")).collect()
        }
        Answer::Scalar(_, value) => vec![value.to_string()],
        Answer::Streams(_) | Answer::Matrix(_) => unreachable!("{query}"),
    }
}

fn lines(store: &Store, query: &str) -> Vec<String> {
    let Answer::Streams(streams) = ask(store, query, always()) else { unreachable!("{query}") };
    streams.into_iter().flat_map(|(_, lines)| lines).map(|(_, line)| line).collect()
}

#[test]
fn lines_are_filtered_and_written_anew() {
    let place = Place::new("lines");
    let store = filled(&place);
    for (query, count) in [
        ("{job=\"web\"}", 60),
        ("{job=~\"web|mail\", host!=\"a\"}", 60),
        ("{job=\"web\"} |= \"500\" != \"/p0\"", 4),
        ("{job=\"web\"} | json | status >= 400", 6),
        ("{job=\"web\"} | json | took > 550ms or status = 500", 10),
        ("{job=\"web\"} | json path=\"req.path\" | path=\"/p1\", status=\"\"", 20),
        ("{job=\"mail\"} | logfmt | level=\"warn\" and size > 50KB", 9),
        ("{job=\"mail\"} | pattern `level=<level> user=<user> <_>` | user=~\"u[01]\"", 30),
        ("{job=\"mail\"} | regexp `msg=\"to (?P<to>\\d)\"` | to != \"\"", 10),
        ("{job=\"mail\"} |= \"u1\" or \"u2\"", 30),
        ("{job=\"web\"} | logfmt | __error__=\"\"", 60),
        ("{job=\"mail\"} | json | __error__=\"JSONParserErr\"", 60),
        ("{job=\"mail\"} | logfmt | level > 3", 60),
    ] {
        assert_eq!(lines(&store, query).len(), count, "{query}");
    }
    let shown = lines(
        &store,
        "{job=\"mail\"} |= \"to 7\" | logfmt | line_format `{{.user | upper}}: {{.msg}} {{.job}}`",
    );
    assert_eq!(shown, ["U3: to 7 mail"]);
    let shown = lines(
        &store,
        "{job=\"mail\"} |= \"to 7\" | logfmt | label_format who=user, x=`{{.size}}!` | line_format \"{{.who}}{{.user}}{{.x}}\"",
    );
    assert_eq!(shown, ["u37KB!"]);
}

#[test]
fn labels_of_lines_are_those_of_the_stream_and_what_was_taken_out() {
    let place = Place::new("labels");
    let store = filled(&place);
    let Answer::Streams(streams) =
        ask(&store, "{job=\"mail\"} | logfmt | drop size, msg | host=\"b\"", always())
    else {
        panic!("lines are lines")
    };
    let labels: Vec<String> = streams.iter().map(|(labels, _)| labels.to_string()).collect();
    assert_eq!(labels.len(), 8);
    assert_eq!(labels[0], r#"{host="b",job="mail",level="info",user="u0"}"#);
    let Answer::Streams(streams) = ask(&store, "{job=\"mail\"} | logfmt | keep level", always())
    else {
        panic!("lines are lines")
    };
    assert_eq!(streams.len(), 2);
}

#[test]
fn lines_become_numbers() {
    let place = Place::new("numbers");
    let store = filled(&place);
    let is =
        |query: &str, expected: &[&str]| assert_eq!(instant(&store, query), expected, "{query}");
    is("count_over_time({job=\"web\"}[30s])", &[r#"{host="a",job="web"} 30"#]);
    is("sum(count_over_time({job=~\".+\"}[1m]))", &["{} 120"]);
    is(
        "sum by (job) (rate({job=~\".+\"} |= `2` [10s]))",
        &[r#"{job="mail"} 0.4"#, r#"{job="web"} 1"#],
    );
    is(
        "sum without (host, job) (count_over_time({job=\"mail\"} | logfmt | keep level [1m]))",
        &[r#"{level="info"} 30"#, r#"{level="warn"} 30"#],
    );
    is("bytes_over_time({job=\"mail\"} |= \"to 59\" [1m])", &[r#"{host="b",job="mail"} 40"#]);
    is("bytes_rate({job=\"mail\"} |= \"to 59\" [40s])", &[r#"{host="b",job="mail"} 1"#]);
    is(
        "max_over_time({job=\"web\"} | json | keep took | unwrap duration(took) [1m])",
        &["{} 0.59"],
    );
    is(
        "quantile_over_time(0.5, {job=\"web\"} | json | unwrap duration(took) [1m]) by (job)",
        &[r#"{job="web"} 0.295"#],
    );
    is(
        "sum(sum_over_time({job=\"mail\"} | logfmt | unwrap bytes(size) | level=\"warn\" [3s]))",
        &["{} 174000"],
    );
    is("avg(avg_over_time({job=\"web\"} | json | unwrap status [10s]))", &["{} 230"]);
    is(
        "topk(1, sum by (user) (count_over_time({job=\"mail\"} | logfmt | size > 57KB [1m])))",
        &[r#"{user="u2"} 1"#],
    );
    is("absent_over_time({job=\"none\", x=~\".+\"}[1m])", &[r#"{job="none"} 1"#]);
    is("absent_over_time({job=\"web\"}[1m])", &[]);
    is("count_over_time({job=\"web\"}[10s] offset 55s)", &[r#"{host="a",job="web"} 5"#]);
    is("count(count_over_time({job=~\".+\"}[1m]) > 10)", &["{} 2"]);
    is(
        "sum(count_over_time({job=\"web\"} |= `500` [1m])) / sum(count_over_time({job=\"web\"}[1m])) * 100",
        &["{} 10"],
    );
    is("sum(count_over_time({job=\"none\"}[1m])) or vector(0)", &["{} 0"]);
    is(
        "sum by (job) (count_over_time({job=~\".+\"}[1m])) unless on (job) sum by (job) (count_over_time({job=\"web\"}[1m]))",
        &[r#"{job="mail"} 60"#],
    );
    is("1 + 2 * 3 ^ 2 - -1", &["20"]);
    is("sum(count_over_time({job=\"web\"}[1m])) > bool 100", &["{} 0"]);
}

#[test]
fn numbers_over_time_have_a_value_for_each_step() {
    let place = Place::new("steps");
    let store = filled(&place);
    let window = Ask { start: T0, end: T0 + 60 * SECOND, step: 20 * SECOND, ..always() };
    let Answer::Matrix(matrix) = ask(&store, "count_over_time({job=\"web\"}[10s])", window) else {
        panic!("numbers over time are")
    };
    let points: Vec<(i64, f64)> =
        matrix[0].1.iter().map(|(time, value)| ((time - T0) / SECOND, *value)).collect();
    assert_eq!(points, [(0, 1.0), (20, 10.0), (40, 10.0), (60, 9.0)]);
    let text = logs::wire::json::answer(&Answer::Matrix(matrix), logs::logql::Scanned::default());
    assert!(text.contains(r#"[1728000020,"10"]"#), "{text}");
}

#[test]
fn what_cannot_be_asked_is_told_with_its_place() {
    for (query, expected) in [
        ("{}", "line 1, column 1: a selector needs one condition"),
        ("{job=~\".*\"}", "column 1: a selector needs one condition"),
        ("{job=\"x\"", "expected `,`, found the end"),
        ("{job=\"x\"} |= x", "column 14: expected a text in quotes, found \"x\""),
        ("{job=\"x\"} |~ \"(\"", "regular expression"),
        ("{job=\"x\"} | unpack", "| unpack is not supported"),
        ("{job=\"x\"} | line_format \"{{if}}\"", "no label such as"),
        ("{job=\"x\"}\n | json | a >", "line 2, column 14: expected a number"),
        ("count_over_time({job=\"x\"})", "expected a range"),
        ("sum_over_time({job=\"x\"}[5m])", "needs `| unwrap LABEL`"),
        ("count_over_time({job=\"x\"} | unwrap a [5m])", "takes no `| unwrap`"),
        ("label_replace(x)", "label_replace is not supported"),
        ("sum(rate({job=\"x\"}[5m])) * on (a) group_left sum(rate({job=\"x\"}[5m]))", "group_left"),
        ("topk(0, rate({job=\"x\"}[5m]))", "from 1 to 10000"),
        ("rate({job=\"x\"}[5m]) +", "expected a selector"),
        ("{job=\"x\"} | ip(\"1\")", "expected one of `=`"),
        ("{job=\"x\"} {", "expected the end"),
    ] {
        let wrong = parse(query).expect_err(query).to_string();
        assert!(wrong.contains(expected), "{query}: {wrong}");
    }
    let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(parse(&deep).expect_err("too long").to_string().contains("longer than"));
    let deep = format!("{}1{}", "(".repeat(1000), ")".repeat(1000));
    assert!(parse(&deep).expect_err("too deep").to_string().contains("levels deep"));
    let long = format!("1{}", "+1".repeat(100));
    assert!(parse(&long).expect_err("too long").to_string().contains("operators"));
}
