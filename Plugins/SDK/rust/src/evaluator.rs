//! Evaluators: all predictions of a split become a report.

use crate::abi::*;
use crate::host::{slice, text};
use crate::{Host, Json, Result, Split};

/// What the model answered to one row.
#[derive(Clone, Debug)]
pub struct Prediction<'a> {
    /// The row's index in its dataset.
    pub index: i64,
    /// The answer.
    pub text: &'a str,
    /// The last assistant turn's text, if the row has one.
    pub reference: Option<&'a str>,
    /// The row: `{"turns": [{"role", "parts": [{"text"} | {"media", "tensor"}]}], "metadata",
    /// "choices"}`.
    pub example_json: &'a str,
    /// The row's metadata: a JSON object.
    pub metadata_json: &'a str,
    /// Log-likelihood of each of the row's choices.
    pub choice_log_likelihoods: &'a [f64],
    /// What a reward model scores the row's answers, where such a model is judged: of a pair the
    /// chosen and the rejected one, of a row with a label its answer.
    pub scores: &'a [f64],
}

/// How likely a pair's answers are: natural logarithms, summed over each answer's tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairLogProbabilities {
    /// Of the preferred answer, under the model that is judged.
    pub chosen: f64,
    /// Of the other one.
    pub rejected: f64,
    /// The same two under the model that the run compares with, where it has one.
    pub reference: Option<(f64, f64)>,
}

/// How likely the answer of a row with a label is, in the same way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnswerLogProbabilities {
    /// Under the model that is judged.
    pub answer: f64,
    /// Under the model that the run compares with, where it has one.
    pub reference: Option<f64>,
}

impl Prediction<'_> {
    /// Of a preference pair what the models give its answers; none where they were not asked.
    pub fn pair(&self) -> Result<Option<PairLogProbabilities>> {
        if self.example()?.get("chosen").is_none() {
            return Ok(None);
        }
        Ok(match *self.choice_log_likelihoods {
            [chosen, rejected] => Some(PairLogProbabilities { chosen, rejected, reference: None }),
            [chosen, rejected, c, r] => {
                Some(PairLogProbabilities { chosen, rejected, reference: Some((c, r)) })
            }
            _ => None,
        })
    }

    /// Of a row with a label what the models give its answer; none where they were not asked.
    pub fn labeled(&self) -> Result<Option<AnswerLogProbabilities>> {
        if self.example()?.get("label").is_none() {
            return Ok(None);
        }
        Ok(match *self.choice_log_likelihoods {
            [answer] => Some(AnswerLogProbabilities { answer, reference: None }),
            [answer, r] => Some(AnswerLogProbabilities { answer, reference: Some(r) }),
            _ => None,
        })
    }

    /// The row, parsed.
    pub fn example(&self) -> Result<Json> {
        Json::parse(self.example_json).map_err(|error| error.at(format!("row {}", self.index)))
    }
}

/// An evaluator's report: `Report::new(12, "exact").metric("exact", 0.5, 12)`.
#[derive(Clone, Debug)]
pub struct Report {
    count: usize,
    primary: String,
    metrics: Vec<(String, Json)>,
    baselines: Vec<(String, Json)>,
    clusters: Vec<Json>,
    details: Option<Json>,
}

impl Report {
    /// A report on `count` predictions, summed up by the metric `primary`.
    pub fn new(count: usize, primary: &str) -> Report {
        Report {
            count,
            primary: primary.to_string(),
            metrics: Vec::new(),
            baselines: Vec::new(),
            clusters: Vec::new(),
            details: None,
        }
    }

    /// Adds a metric and the number of items behind it.
    pub fn metric(mut self, name: &str, value: f64, count: usize) -> Report {
        let metric = Json::object([("value", value.into()), ("count", (count as i64).into())]);
        self.metrics.push((name.to_string(), metric));
        self
    }

    /// Adds a metric of which less is better, as an error, and the number of items behind it.
    pub fn error_metric(mut self, name: &str, value: f64, count: usize) -> Report {
        let metric = Json::object([
            ("value", value.into()),
            ("count", (count as i64).into()),
            ("lower_is_better", Json::Bool(true)),
        ]);
        self.metrics.push((name.to_string(), metric));
        self
    }

    /// Says for each prediction, in their order, what it belongs to (a user, a clip), where rows are
    /// not independent.
    pub fn clusters<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Report {
        self.clusters = names.into_iter().map(Json::from).collect();
        self
    }

    /// Adds what a trivial answer would score by one metric.
    pub fn baseline(mut self, name: &str, metric: &str, value: f64) -> Report {
        self.baselines.push((name.to_string(), Json::object([(metric, value.into())])));
        self
    }

    /// Sets an object with whatever else is worth keeping.
    pub fn details(mut self, object: Json) -> Report {
        self.details = Some(object);
        self
    }

    pub(crate) fn json(self) -> Json {
        Json::object([
            ("count", (self.count as i64).into()),
            ("primary", self.primary.as_str().into()),
            ("metrics", Json::Object(self.metrics)),
            ("baselines", Json::Object(self.baselines)),
            ("clusters", Json::Array(self.clusters)),
            ("details", self.details.unwrap_or(Json::Object(Vec::new()))),
        ])
    }
}

/// Judges all predictions of a split. Calls on one instance may overlap.
pub trait Evaluator: Sized + Send + Sync + 'static {
    /// Makes the evaluator of a split from the recipe's data section.
    fn new(config: &Json, split: Split, host: Host) -> Result<Self>;

    /// The report on all predictions; keeps no state between calls.
    fn evaluate(&self, predictions: &[Prediction]) -> Result<Report>;
}

/// # Safety
/// The columns are the host's, and outlive the predictions.
pub(crate) unsafe fn predictions<'a>(all: &tk_predictions_v1) -> Result<Vec<Prediction<'a>>> {
    let indices = slice(all.indices, all.count);
    let [texts, examples, references, metadata] =
        [all.texts, all.examples_json, all.references, all.metadata_json]
            .map(|column| slice(column, all.count));
    let scores = slice(all.choice_log_likelihoods, all.count);
    let counts = slice(all.choice_counts, all.count);
    // Columns that older hosts do not have.
    let judged = |i| match (all.scores.is_null(), all.score_counts.is_null()) {
        (false, false) => slice(*all.scores.add(i), *all.score_counts.add(i)),
        _ => &[],
    };
    (0..all.count)
        .map(|i| {
            let reference = references[i];
            Ok(Prediction {
                index: indices[i],
                text: text(texts[i])?,
                reference: if reference.ptr.is_null() { None } else { Some(text(reference)?) },
                example_json: text(examples[i])?,
                metadata_json: text(metadata[i])?,
                choice_log_likelihoods: slice(scores[i], counts[i]),
                scores: judged(i),
            })
        })
        .collect()
}
