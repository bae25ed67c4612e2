//! A reward in Rust: 1 up to a target length, then target / length.
#![forbid(unsafe_code)]

use taskkit::{Error, Host, Json, Result, Reward, Sample, Score};

struct Brevity {
    target: i64, // characters
}

impl Reward for Brevity {
    // snippet: config
    fn new(config: &Json, _host: Host) -> Result<Self> {
        config.only(&["target"])?;
        match config.require("target")?.as_int() {
            Some(target) if target > 0 => Ok(Brevity { target }),
            _ => Err(Error::config("'target' must be an integer greater than 0")),
        }
    }
    // end snippet

    // snippet: score
    fn score(&self, sample: &Sample) -> Result<Score> {
        let length = sample.completion.chars().count() as i64;
        let score = if sample.completion.trim().is_empty() {
            Score::abstain("empty completion")
        } else if length <= self.target {
            Score::new(1.0)
        } else {
            Score::new(self.target as f64 / length as f64)
        };
        Ok(score.with("characters", length as f64))
    }
    // end snippet
}

// snippet: entry
taskkit::plugin! {
    name: "brevity", version: env!("CARGO_PKG_VERSION"),
    exports: [
        taskkit::reward::<Brevity>("brevity", "1 up to a target length, then target / length."),
    ]
}
// end snippet
