//! Calls the task, its dataset and its evaluator through their entry, as the host does.

use brevity::tk_plugin_entry;
use taskkit::abi::{TK_E_CONFIG, TK_E_DATA};
use taskkit::testing::{describe, evaluate, row};
use taskkit::{Json, Result};

const FIVE: &str = r#"{"words": ["a", "b", "c", "d", "\u00e9\""], "seed": 7}"#;

fn rows(config: &str, split: &str, index: i64) -> Result<Option<(i64, String)>> {
    row(tk_plugin_entry, "brevity.rows", config, split, index)
}

#[test]
fn every_fifth_word_is_for_validation() {
    let train = "user: Shorten: d d d\nassistant: d\nmetadata: {\"word\": \"d\"}\n";
    assert_eq!(rows(FIVE, "train", 3), Ok(Some((4, train.to_string()))));
    let (count, lines) = rows(FIVE, "validation", 0).unwrap().unwrap();
    assert_eq!(count, 1);
    assert!(lines.starts_with("user: Shorten: é\" é\" é\"\nassistant: é\"\n"));
    assert!(lines.ends_with("metadata: {\"word\": \"é\\\"\"}\n"));
    assert_eq!(rows(FIVE, "test", 0), Ok(None));
    assert_eq!(rows("{\"seed\": 7}", "train", 7).unwrap().unwrap().0, 8);
    assert_eq!(rows("{\"seed\": 7}", "validation", 1).unwrap().unwrap().0, 2);
}

#[test]
fn wrong_words_are_named() {
    for words in ["[]", "\"a\"", "[\"a\", 1]", "null"] {
        let error = rows(&format!("{{\"words\": {words}}}"), "train", 0).unwrap_err();
        assert_eq!(error.status, TK_E_CONFIG);
        assert!(error.sentence.contains("'words'"), "{words}: {}", error.sentence);
    }
    assert_eq!(rows("{\"words\": [\"a\"", "train", 0).unwrap_err().status, TK_E_CONFIG);
}

#[test]
fn keys_are_known_or_the_hosts() {
    let hosts = r#"{"seed": 7, "shuffle": true, "train": "a", "validation": "b", "test": null}"#;
    assert_eq!(rows(hosts, "train", 0).unwrap().unwrap().0, 8);
    let error = rows(r#"{"wrods": ["a"]}"#, "train", 0).unwrap_err();
    let sentence = "unknown key 'wrods'; known: 'words'";
    assert_eq!((error.status, &*error.sentence), (TK_E_CONFIG, sentence));
    for config in ["[]", "\"text\"", ""] {
        let error = rows(config, "train", 0).unwrap_err();
        assert_eq!(error.status, TK_E_CONFIG);
        assert!(error.sentence.starts_with("the configuration "), "{}", error.sentence);
    }
}

/// A row as the host writes it, with this first text of its user turn.
fn example(text: &str) -> String {
    format!(
        r#"{{"turns": [{{"role": "system", "parts": [{{"text": "s"}}]}}, {{"role": "user", "parts":
        [{{"media": "audio", "tensor": "t"}}, {{"text": "{text}"}}]}}]}}"#
    )
}

#[test]
fn exact_answers_are_counted() {
    let examples =
        ["Shorten: river river river", "lantern", "", "\\u006deadow meadow"].map(example);
    let answers = [
        (" river\n", Some("river"), &*examples[0]),
        ("lantern lantern", Some("lantern"), &*examples[1]),
        ("x", Some("quiet"), &*examples[2]),
        ("", Some("meadow"), &*examples[3]),
    ];
    let report =
        Json::parse(&evaluate(tk_plugin_entry, "brevity.exact", &answers).unwrap()).unwrap();
    let at =
        |path: &[&str]| path.iter().fold(&report, |json, key| json.get(key).unwrap()).as_float();
    assert_eq!(report.get("primary").unwrap().as_str(), Some("exact"));
    assert_eq!(at(&["count"]), Some(4.0));
    assert_eq!(at(&["metrics", "exact", "value"]), Some(0.25));
    assert_eq!(at(&["metrics", "exact", "count"]), Some(4.0));
    assert_eq!(at(&["baselines", "echo", "exact"]), Some(0.5));
}

#[test]
fn no_answers_are_a_report_too() {
    let report = evaluate(tk_plugin_entry, "brevity.exact", &[]).unwrap();
    assert!(report.contains("\"count\": 0"), "{report}");
}

#[test]
fn a_missing_reference_is_named() {
    let answers = [("a", Some("a"), "{}"), ("a", None, "{}")];
    let error = evaluate(tk_plugin_entry, "brevity.exact", &answers).unwrap_err();
    assert_eq!((error.status, &*error.sentence), (TK_E_DATA, "row 1 has no reference"));
}

#[test]
fn the_task_names_its_parts() {
    let text = describe(tk_plugin_entry, "brevity").unwrap();
    let task = Json::parse(&text).unwrap();
    assert_eq!(task.get("dataset").unwrap().as_str(), Some("brevity.rows"));
    assert_eq!(task.get("evaluator").unwrap().as_str(), Some("brevity.exact"));
    assert!(text.contains("\"defaults\": {\"training_args\": {\"max_length\": 64}}"), "{text}");
}
