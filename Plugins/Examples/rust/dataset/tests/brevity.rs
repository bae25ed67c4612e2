//! Calls the dataset through its entry, as the host does.

use brevity::tk_plugin_entry;
use taskkit::{abi::TK_E_CONFIG, testing::row, Result};

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
