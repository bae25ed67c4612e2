//! Plugins for `host` in safe Rust: rewards, datasets, evaluators and tasks.
//!
//! ```
//! use taskkit::{Host, Json, Result, Reward, Sample, Score};
//!
//! struct Polite;
//!
//! impl Reward for Polite {
//!     fn new(_config: &Json, _host: Host) -> Result<Self> {
//!         Ok(Polite)
//!     }
//!
//!     fn score(&self, sample: &Sample) -> Result<Score> {
//!         Ok(Score::new(if sample.completion.contains("please") { 1.0 } else { 0.0 }))
//!     }
//! }
//!
//! taskkit::plugin! {
//!     name: "polite", version: "1.0.0",
//!     exports: [taskkit::reward::<Polite>("polite", "Says please.")]
//! }
//! ```
//!
//! An error or a panic becomes a status and one sentence; none crosses the boundary (build with
//! `panic = "unwind"`, which is the default). Calls on one instance may overlap, so the traits ask
//! for `Sync`. Standard output belongs to the host: write to [`Host::log`].
#![warn(missing_docs)]

pub mod abi;
mod dataset;
mod error;
mod evaluator;
mod host;
mod json;
mod plugin;
mod reward;
mod sources;
pub mod testing;

pub use dataset::{Dataset, Part, Row, Split};
pub use error::{Error, Result};
pub use evaluator::{AnswerLogProbabilities, Evaluator, PairLogProbabilities, Prediction, Report};
pub use host::{
    Generation, Generator, Host, Level, LogLikelihood, Model, Prompts, RewardModel, Tokenizer,
};
pub use json::Json;
pub use plugin::{dataset, evaluator, reward, task, Export, Plugin};
pub use reward::{Reward, Sample, Score};
