import Formats
import JSON
import Ranks
import Rows
import Tasks
import Training

extension TrainingRun {
  /// The base model's report, kept in the folder so that a resumed run need not ask again; nil when
  /// nobody judges. A run that is under way asks anew only where evaluations now measure otherwise,
  /// and then without the log: what rewards say of the base would take the place of all that they
  /// have said since.
  func judgeBase(_ planned: PlannedRun) throws -> Judgement? {
    let logged = planned.opened.judge
    guard let judge = planned.isUnderWay ? logged?.unlogged : logged else { return nil }
    let file = planned.folder.path + "/evaluation_before.json"
    let kept = try group.share("the base model's report") { () -> String? in
      guard planned.isUnderWay, !planned.options.forgetsBest, FileSystem.exists(file) else {
        return nil
      }
      return try JSONValue(readingFile: file).text(.compact)
    }
    if let kept { return try Judgement(json: JSONValue(parsing: Array(kept.utf8))) }
    func ask() throws -> Judgement {
      try Judgement(
        judge.judge(
          planned.model, label: "base model answering", at: .base, reference: planned.likelihoods))
    }
    let found = try planned.trainable.adapters?.withoutAdapters(ask) ?? ask()
    if group.isFirst { try DurableFile.write(found.json.text(.pretty) + "\n", to: file) }
    return found
  }

  /// Runs the loop; tells how it ended, and what the last evaluation found where that was of the
  /// weights that the run ends with.
  func train(
    _ planned: PlannedRun, before: Judgement?, until shouldStop: () -> Bool
  ) throws -> (outcome: TrainingOutcome, after: Judgement?) {
    let opened = planned.opened, receipt = planned.receipt, model = planned.model
    var options = planned.options
    options.greaterIsBetter = try greaterIsBetter(opened, before?.report)
    var runner = StepRunner(
      model, terms: planned.terms, reference: planned.reference,
      sharesPrefixes: !options.usesDropout, temperature: temperature,
      comparesPasses: recipe.stepsPerSampling * recipe.objective.grpo.iterations > 1)
    runner.share = share
    let isSampled = planned.terms.rows == .prompts, reports = KeptReports()
    let order = DataOrder(rows: opened.train.count, options)
    let kept =
      isSampled ? nil : try table(runner, opened.train, rows: order.rows(through: options.steps))
    let files = BaseFiles(session.modelFolder, in: group)
    files.begin()
    let trainer = Trainer(
      runner, trainable: planned.trainable, optimizer: optimizer(of: planned.trainable),
      source: try source(planned, runner, kept, rewardedOptions(opened, of: opened.train)),
      evaluation: try isSampled
        ? nil
        : opened.validation.map { validation in
          var source = EvaluationSource(
            validation, limit: options.evaluationRows, seed: options.seed,
            batchSize: options.evaluationBatchSize)
          source.kept = try table(runner, validation, rows: source.rows)
          source.options = rewardedOptions(opened, of: validation)
          source.isCancelled = { group.isAlone && session.catalog.isCancelled() }
          return source
        }, options: options, folder: planned.folder, base: session.modelFolder,
      agree: { try files.check().map { receipt.noteBase($0) } },
      receipt: {
        receipt.noteBase()
        return receipt.ofCheckpoint
      },
      judge: opened.judge.map { judge in
        { step in
          let judged = try judge.judge(
            model, label: "answering", at: .step(step), reference: planned.likelihoods)
          reports.keep(Judgement(judged), of: step)
          return judged.report.metrics.map { ($0.name, $0.measure.value) }
        }
      },
      observe: { event in
        if case .evaluated(let step, _, isBest: true) = event { reports.noteBest(step) }
        time.note(event)
        tell(.training(event))
      })
    let outcome = try trainer.run(
      resuming: planned.folder.resumption != nil, shouldStop: shouldStop)
    return (outcome, reports.found(of: trainer.lastingStep))
  }

  /// What logits are divided by where completions are sampled, and so where they are learnt.
  private var temperature: Double {
    recipe.objective.type == .grpo ? recipe.objective.grpo.temperature : 1
  }

  /// The reference's numbers of `rows`: an earlier run's where they are still good.
  private func table(
    _ runner: StepRunner, _ dataset: EncodedDataset, rows: [Int]
  ) throws -> ReferenceTable? {
    guard let reference = runner.reference else { return nil }
    let store =
      usesCache
      ? ReferenceStore(
        RowCache(key: .emptyObject), key: session.key(of: reference, over: dataset)) : nil
    return try tell.during("reference, \(dataset.name)", unit: "rows") { reached in
      try runner.referenceTable(
        of: dataset, rows: rows, batchSize: recipe.training.evaluationBatchSize, store: store,
        note: { tell.note($0) }, progress: reached,
        isCancelled: { group.isAlone && session.catalog.isCancelled() })
    }
  }

  private func optimizer(of trainable: Trainable) -> AdamW {
    let training = recipe.training
    return AdamW(
      trainable.parameters, beta1: training.beta1, beta2: training.beta2,
      epsilon: training.epsilon, weightDecay: training.weightDecay)
  }

  /// Whether the watched metric rises as the model gets better; the recipe's word counts more than
  /// the metric's own, and a note says so where they differ.
  private func greaterIsBetter(_ opened: OpenedRun, _ before: Report?) throws -> Bool {
    let direction =
      try opened.direction ?? before.flatMap { try opened.watched?.direction(in: $0) }
    guard let asked = recipe.training.greaterIsBetter else { return direction == .higher }
    if let direction, asked != (direction == .higher) {
      let best = direction == .higher ? "highest" : "lowest"
      tell.note(
        "warning: training_args.greater_is_better is \(asked), but the best "
          + "\(recipe.bestMetric) is the \(best) one")
    }
    return asked
  }
}
