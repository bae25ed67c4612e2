//! A reward that fails as its completions say, in the place of the template's.
use taskkit::{Error, Host, Json, Result, Reward, Sample, Score};

struct Faulty;

impl Reward for Faulty {
    fn new(_config: &Json, _host: Host) -> Result<Self> {
        Ok(Faulty)
    }

    fn score(&self, sample: &Sample) -> Result<Score> {
        match sample.completion {
            "throw" => Err(Error::data("réponse 🤖")),
            "panic" => panic!("nobody catches me"),
            "index" => Ok(Score::new([0.0, 1.0][sample.completion.len()])),
            "abort" => std::process::abort(),
            _ => Ok(Score::new(1.0)),
        }
    }
}

taskkit::plugin! {
    name: "faulty", version: "1",
    exports: [taskkit::reward::<Faulty>("faulty", "Fails as its completions say.")]
}
