//! What must not cross the boundary: panics and errors become a status and one sentence.

use taskkit::abi::{TK_E_CONFIG, TK_E_DATA, TK_E_INTERNAL};
use taskkit::testing::{row, score, sources};
use taskkit::{Dataset, Error, Host, Json, Level, Result, Reward, Row, Sample, Score, Split};

struct Fragile;

impl Reward for Fragile {
    fn new(config: &Json, host: Host) -> Result<Self> {
        host.log(Level::Info, "made");
        host.check_cancelled()?;
        assert!(host.tokenizer().is_none() && host.generator().is_none());
        assert!(config.get("panic").is_none(), "asked to");
        Ok(Fragile)
    }

    fn score(&self, sample: &Sample) -> Result<Score> {
        match sample.completion {
            "panic" => panic!("no {}", sample.completion),
            "data" => Err(Error::data("bad row")),
            "number" => Ok(Score::new(f64::from("x".parse::<i32>()?))),
            "long" => Err(Error::internal("é".repeat(5000))),
            text => Ok(Score::new(1.0).with(text, 2.0)),
        }
    }
}

struct Short;

impl Reward for Short {
    fn new(_config: &Json, _host: Host) -> Result<Self> {
        Ok(Short)
    }

    fn score(&self, _sample: &Sample) -> Result<Score> {
        Ok(Score::new(0.0))
    }

    fn score_batch(&self, _samples: &[Sample]) -> Result<Vec<Score>> {
        Ok(Vec::new())
    }
}

struct Panicking;

impl Dataset for Panicking {
    fn new(_config: &Json, _split: Split, _host: Host) -> Result<Option<Self>> {
        Ok(Some(Panicking))
    }

    fn count(&self) -> usize {
        1
    }

    fn row(&self, index: usize, _epoch: i64, _seed: u64) -> Result<Row> {
        panic!("row {index}")
    }

    fn sources(&self) -> Vec<String> {
        vec!["a \"b\".csv".to_string()]
    }

    fn varies_by_epoch(&self) -> bool {
        false
    }
}

impl Drop for Panicking {
    fn drop(&mut self) {
        panic!("while dropped")
    }
}

struct Whole;

impl Dataset for Whole {
    fn new(_config: &Json, _split: Split, _host: Host) -> Result<Option<Self>> {
        Ok(Some(Whole))
    }

    fn count(&self) -> usize {
        1
    }

    fn row(&self, _index: usize, _epoch: i64, _seed: u64) -> Result<Row> {
        let members = Json::object([("name", "Ada".into())]);
        let variables = Json::object([("tools", Json::Array(Vec::new()))]);
        let row = Row::new().user("q").assistant("a").members(members).untrained();
        Ok(row.template_variables(variables))
    }
}

struct Preferences;

impl Dataset for Preferences {
    fn new(_config: &Json, _split: Split, _host: Host) -> Result<Option<Self>> {
        Ok(Some(Preferences))
    }

    fn count(&self) -> usize {
        2
    }

    fn row(&self, index: usize, _epoch: i64, _seed: u64) -> Result<Row> {
        let row = Row::new().user("q");
        Ok(match index {
            0 => row.chosen("a").rejected("b").untrained(),
            _ => row.assistant("a").label(false),
        })
    }
}

taskkit::plugin! {
    name: "fragile", version: "1.0.0",
    exports: [
        taskkit::reward::<Fragile>("fragile", ""),
        taskkit::reward::<Short>("short", ""),
        taskkit::dataset::<Panicking>("panicking", ""),
        taskkit::dataset::<Whole>("whole", ""),
        taskkit::dataset::<Preferences>("preferences", ""),
    ]
}

fn failure(name: &str, config: &str, completions: &[&str]) -> (i32, String) {
    let error = score(tk_plugin_entry, name, config, completions).unwrap_err();
    (error.status, error.sentence)
}

#[test]
fn failures_name_the_sample() {
    let panicked = "sample 1: panicked: no panic".to_string();
    assert_eq!(failure("fragile", "{}", &["a", "panic"]), (TK_E_INTERNAL, panicked));
    let data = "sample 0: bad row".to_string();
    assert_eq!(failure("fragile", "{}", &["data"]), (TK_E_DATA, data));
    let number = "sample 0: invalid digit found in string".to_string();
    assert_eq!(failure("fragile", "{}", &["number"]), (TK_E_INTERNAL, number));
}

#[test]
fn long_sentences_are_cut_between_characters() {
    let (_, sentence) = failure("fragile", "{}", &["long"]);
    assert!(sentence.ends_with('é') && sentence.len() > 1000, "{sentence}");
}

#[test]
fn create_and_count_are_guarded() {
    let asked = "panicked: asked to".to_string();
    assert_eq!(failure("fragile", r#"{"panic": true}"#, &["a"]), (TK_E_INTERNAL, asked));
    assert_eq!(failure("fragile", "[", &["a"]).0, TK_E_CONFIG);
    let short = "0 scores for 1 samples".to_string();
    assert_eq!(failure("short", "{}", &["a"]), (TK_E_INTERNAL, short));
}

#[test]
fn a_dataset_that_panics_even_when_dropped() {
    let error = row(tk_plugin_entry, "panicking", "{}", "train", 0).unwrap_err();
    assert_eq!((error.status, &*error.sentence), (TK_E_INTERNAL, "panicked: row 0"));
}

#[test]
fn a_row_carries_members_and_variables() {
    let (_, lines) = row(tk_plugin_entry, "whole", "{}", "train", 0).unwrap().unwrap();
    for line in ["untrained", r#"members: {"name": "Ada"}"#, r#"variables: {"tools": []}"#] {
        assert!(lines.contains(line), "{lines}");
    }
}

#[test]
fn a_row_may_be_a_pair_or_have_a_label() {
    let lines =
        |index| row(tk_plugin_entry, "preferences", "{}", "train", index).unwrap().unwrap().1;
    assert_eq!(lines(0), "user: q\nchosen assistant: a\nrejected assistant: b\nuntrained: \n");
    assert_eq!(lines(1), "user: q\nassistant: a\nlabel: 0\n");
}

#[test]
fn log_probabilities_of_pairs_and_labels() {
    let prediction = |example_json, choice_log_likelihoods| taskkit::Prediction {
        index: 0,
        text: "",
        reference: None,
        example_json,
        metadata_json: "{}",
        choice_log_likelihoods,
        scores: &[],
    };
    let pair = r#"{"turns": [], "chosen": [{}], "rejected": [{}]}"#;
    let numbers = prediction(pair, &[-1.0, -2.0, -3.0, -4.0]).pair().unwrap().unwrap();
    assert_eq!((numbers.chosen, numbers.rejected), (-1.0, -2.0));
    assert_eq!(numbers.reference, Some((-3.0, -4.0)));
    assert_eq!(prediction(pair, &[-1.0, -2.0]).pair().unwrap().unwrap().reference, None);
    assert_eq!(prediction(pair, &[]).pair().unwrap(), None);
    assert_eq!(prediction("{}", &[-1.0, -2.0]).pair().unwrap(), None);
    let labeled = prediction(r#"{"label": true}"#, &[-1.0, -3.0]).labeled().unwrap().unwrap();
    assert_eq!((labeled.answer, labeled.reference), (-1.0, Some(-3.0)));
}

#[test]
fn components_are_columns() {
    let made = score(tk_plugin_entry, "fragile", "{}", &["a", "b", "a"]).unwrap();
    assert_eq!(made.components.len(), 2);
    assert_eq!(made.components[0].0, "a");
    assert_eq!((made.components[0].1[0], made.components[0].1[2]), (2.0, 2.0));
    assert!(made.components[0].1[1].is_nan());
}

#[test]
fn a_dataset_says_where_its_rows_come_from() {
    let json = sources(tk_plugin_entry, "panicking", "{}", "train").unwrap();
    let expected = r#"{"sources":["a \"b\".csv"],"varies_by_epoch":false,"notes":[],"places":[]}"#;
    assert_eq!(Json::parse(&json).unwrap(), Json::parse(expected).unwrap(), "{json}");
}
