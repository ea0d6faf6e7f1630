//! What every form of output promises, on reports made by hand. Golden files: `crates/ketupa/tests/proofs`.

use super::made::{self, Made};
use super::{diff_json, diff_markdown, diff_summary, diff_text, json, junit, markdown, page, text};
use model::finding::Paint;
use serde_json::Value;

fn golden(name: &str, text: &str) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proofs");
    testkit::golden::check(&folder.join(name), text);
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

fn said(made: &Made) -> String {
    let proved = made.proved();
    text(&proved, Paint::Plain) + &proved.summary() + "\n"
}

#[test]
fn every_form_of_a_broken_network_is_as_kept() {
    let made = made::broken();
    golden("broken.txt", &said(&made));
    golden("broken.json", &pretty(&json(&made.proved())));
    golden("broken.md", &markdown(&made.proved()));
    golden("broken.xml", &junit(&made.proved()));
}

#[test]
fn every_form_of_a_network_that_holds_is_as_kept() {
    let made = made::whole();
    assert_eq!(
        said(&made),
        "proved: 18 properties, 4 invariants, 15,931 sets of up to 2 failures of 178 elements (612 simulated)\n"
    );
    golden("whole.json", &pretty(&json(&made.proved())));
    golden("whole.md", &markdown(&made.proved()));
    golden("whole.xml", &junit(&made.proved()));
}

#[test]
fn a_difference_is_as_kept() {
    let (made, diff) = (made::broken(), made::difference());
    let proved = made.proved();
    golden("diff.txt", &(diff_text(&diff) + &diff_summary(&proved, &diff) + "\n"));
    golden("diff.md", &diff_markdown(&proved, &diff));
    let told: Value = serde_json::from_str(&pretty(&diff_json(&proved, &diff))).unwrap();
    assert_eq!(told["flows"][0]["lost"], true);
    assert_eq!(told["broken"].as_array().map(Vec::len), Some(5));
}

#[test]
fn nothing_looked_at_is_never_a_proof() {
    let mut made = made::whole();
    made.report.extent.scenarios = 0;
    let proved = made.proved();
    assert!(!proved.holds());
    assert!(proved.summary().starts_with("nothing was proved"));
    assert!(junit(&proved).contains("errors=\"1\""), "{}", junit(&proved));
    assert!(markdown(&proved).contains("not proved"));
}

#[test]
fn what_no_property_knows_is_still_told() {
    let mut made = made::broken();
    let one = &mut made.report.violations[0];
    one.finding.code = "V-NEWER";
    let told = junit(&made.proved());
    assert!(told.contains("name=\"V-NEWER: "), "{told}");
    assert!(told.contains("tests=\"23\" failures=\"5\""), "{told}");
}

#[test]
fn junit_is_well_formed_whatever_names_say() {
    for made in [made::whole(), made::broken(), made::hostile()] {
        let xml = junit(&made.proved());
        let mut open: Vec<&str> = Vec::new();
        let body = xml.split_once("?>\n").expect("it begins with a declaration").1;
        for tag in body.split('<').skip(1) {
            let (tag, text) = tag.split_once('>').expect("what is opened is closed");
            assert!(!text.contains('>') && !text.contains('\u{1b}'), "{text}");
            let name = tag.split([' ', '/']).next().unwrap_or_default();
            match (tag.strip_prefix('/'), tag.ends_with('/')) {
                (Some(name), _) => assert_eq!(open.pop(), Some(name)),
                (None, true) => {}
                (None, false) => open.push(name),
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        }
        assert_eq!(open, [""; 0]);
    }
}

#[test]
fn markdown_never_mentions_links_or_opens_elements_for_others() {
    let made = made::hostile();
    let told = markdown(&made.proved());
    for line in told.lines() {
        let line = line.replace("\\`", "");
        let prose: String = line.split("``").step_by(2).collect();
        let prose: String = prose.split('`').step_by(2).collect();
        for bad in ["<img", "<script", "</script", "@all", "#12", "http://", "\u{1b}", "\u{202e}"] {
            assert!(!prose.contains(bad), "{bad} in {line}");
        }
        let cells = line.replace("\\|", "").matches('|').count();
        assert!(!line.starts_with('|') || [4, 7].contains(&cells), "{cells} in {line}");
    }
    assert_eq!(told.matches("<details>").count(), 1);
}

#[test]
fn text_never_drives_the_terminal() {
    let told = said(&made::hostile());
    assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told:?}");
}

#[test]
fn the_page_keeps_its_data_inside_its_script() {
    let made = made::hostile();
    let page = page(&made.proved(), &made.singles);
    assert_eq!(page.matches("</script>").count(), 3, "words, data and the program");
    assert!(!page.contains("<img"));
    let data = page.split_once("id=\"data\">").expect("the data").1;
    let inside = data.split_once("</script>").expect("its end").0;
    let data: Value = serde_json::from_str(inside).expect("it is JSON");
    let says = data["findings"][0]["told"]["finding"]["message"].as_str();
    assert_eq!(says, Some(made.report.violations[0].finding.says.as_str()));
    for outside in ["src=", "href=\"http", "url(", "@import", "innerHTML", "eval("] {
        assert!(!page.replace(inside, "").contains(outside), "{outside}");
    }
}

#[test]
fn the_page_speaks_both_languages_whole() {
    fn keys(value: &Value, path: &str) -> Vec<String> {
        let Some(object) = value.as_object() else { return vec![path.to_owned()] };
        object.iter().flat_map(|(key, inner)| keys(inner, &format!("{path}.{key}"))).collect()
    }
    let words: Value = serde_json::from_str(include_str!("page/words.json")).unwrap();
    assert_eq!(keys(&words["en"], ""), keys(&words["fr"], ""));
    let program = include_str!("page/page.js");
    for key in program.split("say.").skip(1) {
        let key: String = key.chars().take_while(char::is_ascii_alphabetic).collect();
        assert!(!words["en"][&key].is_null(), "{key} has no words");
    }
}

#[test]
fn every_light_is_a_shape_of_the_map() {
    let made = made::broken();
    let map = map::svg(&made.isp, &map::Colours::default());
    let proved = made.proved();
    let shown = made.report.violations.iter().flat_map(|one| {
        let ways = super::told::ways(&one.shown.hops).into_iter();
        let lit = ways.flat_map(|way| super::lights::lit(proved.isp, way)).flatten();
        lit.chain(super::lights::dead(proved.isp, &one.shown.failure))
            .chain(super::lights::ends(proved.isp, &one.shown))
    });
    let keys: Vec<String> = shown.filter(|key| !key.starts_with("daemon.")).collect();
    assert!(keys.len() > 60, "{keys:?}");
    for key in keys {
        assert!(map.contains(&format!("data-key=\"{key}\"")), "{key} is not on the map");
    }
}

#[test]
fn what_a_proof_rests_on_is_told_in_every_form() {
    let mut made = made::whole();
    made.conditions = vec!["the rest holds if before/ was proved".to_owned()];
    let proved = made.proved();
    assert!(proved.holds());
    for told in [
        said(&made),
        pretty(&json(&proved)),
        markdown(&proved),
        junit(&proved),
        page(&proved, &made.singles),
    ] {
        assert!(told.contains("the rest holds if before/ was proved"), "{told}");
        assert!(told.contains("proved under 1 condition: "), "{told}");
        assert!(!told.contains("✅"), "{told}");
    }
}
