//! Calls the reward through its entry, as the host does.

use brevity::tk_plugin_entry;
use taskkit::{abi::TK_E_CONFIG, testing::score};

#[test]
fn scores() {
    let completions = ["four", "eight ch", "größer", "", " \n"];
    let made = score(tk_plugin_entry, "brevity", r#"{"target": 4}"#, &completions).unwrap();
    assert_eq!(made.scores, [Some(1.0), Some(0.5), Some(4.0 / 6.0), None, None]);
    let empty = "empty completion".to_string();
    assert_eq!(made.abstentions, [(3, empty.clone()), (4, empty)]);
    assert_eq!(made.components, [("characters".to_string(), vec![4.0, 8.0, 6.0, 0.0, 2.0])]);
}

#[test]
fn wrong_targets_are_named() {
    for value in ["\"40\"", "0", "-3", "4.5", "null", "99999999999999999999"] {
        let config = format!("{{\"target\": {value}}}");
        let error = score(tk_plugin_entry, "brevity", &config, &["a"]).unwrap_err();
        assert_eq!(error.status, TK_E_CONFIG);
        assert!(error.sentence.contains("'target'"), "{value}: {}", error.sentence);
    }
    let error = score(tk_plugin_entry, "brevity", "{}", &["a"]).unwrap_err();
    assert_eq!((error.status, &*error.sentence), (TK_E_CONFIG, "'target' is required"));
}

#[test]
fn misspelled_keys_are_named() {
    let config = r#"{"target": 1, "tagret": 40}"#;
    let error = score(tk_plugin_entry, "brevity", config, &["a"]).unwrap_err();
    let sentence = "unknown key 'tagret'; known: 'target'";
    assert_eq!((error.status, &*error.sentence), (TK_E_CONFIG, sentence));
}

#[test]
fn garbage_is_no_configuration() {
    let twice = r#"{"target": 1, "target": 2}"#;
    for config in ["", "[]", "40", r#"{"target": 40"#, r#"{"target": 040}"#, twice] {
        let error = score(tk_plugin_entry, "brevity", config, &["a"]).unwrap_err();
        assert_eq!(error.status, TK_E_CONFIG);
        assert!(error.sentence.contains("the configuration"), "{config}: {}", error.sentence);
    }
}

#[test]
fn another_major_version_is_not_served() {
    assert!(tk_plugin_entry(2).is_null());
}
