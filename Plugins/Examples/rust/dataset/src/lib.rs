//! A dataset in Rust: "Shorten: <a word three times>", answered by the word.
#![forbid(unsafe_code)]

use taskkit::{Dataset, Error, Host, Json, Result, Row, Split};

struct Rows {
    words: Vec<String>,
    validation: bool, // every fifth word; the others are for training
}

impl Dataset for Rows {
    // snippet: config
    fn new(config: &Json, split: Split, _host: Host) -> Result<Option<Self>> {
        if split == Split::Test {
            return Ok(None);
        }
        config.only_data(&["words"])?;
        let words = match config.get("words") {
            Some(words) => strings(words).ok_or_else(|| {
                Error::config("'words' must be an array of strings with at least one element")
            })?,
            None => WORDS.map(str::to_string).to_vec(),
        };
        Ok(Some(Rows { words, validation: split == Split::Validation }))
    }
    // end snippet

    fn count(&self) -> usize {
        let fifths = self.words.len() / 5;
        if self.validation {
            fifths
        } else {
            self.words.len() - fifths
        }
    }

    // snippet: row
    /// A row is the same in every epoch, so epoch and seed are not needed.
    fn row(&self, index: usize, _epoch: i64, _seed: u64) -> Result<Row> {
        let word = &self.words[if self.validation { 5 * index + 4 } else { index + index / 4 }];
        Ok(Row::new()
            .user(format!("Shorten: {word} {word} {word}"))
            .assistant(word)
            .metadata(Json::object([("word", word.as_str().into())])))
    }
    // end snippet
}

const WORDS: [&str; 10] = [
    "river", "lantern", "quiet", "meadow", "copper", "window", "thunder", "paper", "garden",
    "silver",
];

/// The strings of an array of at least one; none if it is anything else.
fn strings(json: &Json) -> Option<Vec<String>> {
    let elements = json.as_array().filter(|elements| !elements.is_empty())?;
    elements.iter().map(|element| element.as_str().map(str::to_string)).collect()
}

// snippet: entry
taskkit::plugin! {
    name: "brevity", version: env!("CARGO_PKG_VERSION"),
    exports: [taskkit::dataset::<Rows>("brevity.rows", "Words said three times.")]
}
// end snippet
