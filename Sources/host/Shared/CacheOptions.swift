import ArgumentParser

/// `--no-cache`
struct CacheOptions: ParsableArguments {
  @Flag(
    name: .customLong("no-cache"),
    help: ArgumentHelp(
      "Read and encode all rows, and keep none for the next run.",
      discussion: """
        Else the tokens of rows whose files, recipe, tokenizer, template and \
        plugin have not changed are taken from $XDG_CACHE_HOME/host/rows \
        (~/.cache/host/rows).
        """))
  var noCache = false
}
