/// One quality that annotators rate and the judge is asked for.
struct Dimension: Sendable, Hashable {
  /// The name in prompts' files, recipes and reports.
  let key: String
  /// The name of the annotators' field in a record.
  let field: String
  /// The name in an answer of all dimensions, where it stands in brackets.
  let tag: String
  /// The lowest and the highest score.
  var low = 1, high = 5

  /// The scores as the answer spells them, in ascending order.
  var choices: [String] { (low...high).map(String.init) }

  /// The dimensions of a scene with a described character, in the order of an answer of all.
  static let realism = [
    Dimension(key: "pitch_dynamics", field: "pitch_variation", tag: "PitchDynamics"),
    Dimension(
      key: "rhythmic_naturalness", field: "rhythmic_naturalness", tag: "RhythmicNaturalness"),
    Dimension(key: "stress_emphasis", field: "stress_and_emphasis", tag: "StressEmphasis"),
    Dimension(key: "emotion_accuracy", field: "emotion_accuracy", tag: "EmotionAccuracy"),
    Dimension(
      key: "emotion_intensity", field: "emotion_intensity_control", tag: "EmotionIntensity"),
    Dimension(
      key: "emotional_dynamic_range", field: "dynamic_range", tag: "EmotionalDynamicRange"),
    Dimension(
      key: "voice_identity_matching", field: "voice_identity_matching",
      tag: "VoiceIdentityMatching"),
    Dimension(key: "trait_embodiment", field: "trait_embodiment", tag: "TraitEmbodiment"),
    Dimension(key: "local_scene_fit", field: "local_story_fit", tag: "LocalSceneFit"),
    Dimension(key: "global_story_fit", field: "global_story_coherence", tag: "GlobalStoryFit"),
  ]

  /// Whether a reply is usable at all; a reply that is not gets no other score.
  static let contentPass = Dimension(
    key: "content_pass", field: "content_pass", tag: "ContentPass", low: 0, high: 1)

  /// The dimensions of a reply in a role of a few words.
  static let archetype = [
    contentPass,
    Dimension(key: "audio_quality", field: "audio_quality", tag: "AudioQuality"),
    Dimension(key: "human_likeness", field: "human_likeness", tag: "HumanLikeness"),
    Dimension(key: "appropriateness", field: "appropriateness", tag: "Appropriateness"),
  ]
}
