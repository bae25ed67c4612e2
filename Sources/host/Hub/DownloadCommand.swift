import ArgumentParser
import Formats
import Hub
import Runs

/// `host download`
struct DownloadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "download",
    abstract: "Fetches a model or a data set of the Hugging Face Hub.",
    discussion: """
      Files go into the cache that all of Hugging Face's programs share (HF_HOME,
      HF_HUB_CACHE); --model org/name finds them there. Each is verified while it
      comes, by its SHA-256 or git's hash. What is interrupted goes on where it
      stopped. Of a model, weights come as safetensors; pickled files and programs
      never come.

      A token is read from --token-file, HF_TOKEN, or the file that `hf auth login`
      writes, and goes to the Hub alone. HF_ENDPOINT, HF_HUB_OFFLINE, HTTPS_PROXY,
      NO_PROXY and SSL_CERT_FILE are heeded.

      Examples:
        host download Qwen/Qwen3-0.6B
        host download Qwen/Qwen3-0.6B --revision refs/pr/1 --local-dir qwen
        host download bartowski/SmolLM2-135M-Instruct-GGUF --include '*Q4_K_M.gguf'
        host download allenai/ai2_arc --repo-type dataset --include 'ARC-Easy/*'
      """)

  @Argument(help: ArgumentHelp("The repository.", valueName: "org/name"))
  var name: String
  @Option(help: "A branch, tag or commit.") var revision = "main"
  @Option(help: "model or dataset.") var repoType = HubRepository.Kind.model
  @Option(
    help: ArgumentHelp(
      "Fetch files that fit this pattern alone; may be given several times.", valueName: "glob"))
  var include: [String] = []
  @Option(
    help: ArgumentHelp(
      "Leave files out that fit this pattern; may be given several times.", valueName: "glob"))
  var exclude: [String] = []
  @Option(
    help: ArgumentHelp("A folder for the files, in the place of the cache.", valueName: "folder"))
  var localDir: String?
  @Option(help: ArgumentHelp("A file that holds the token.", valueName: "file"))
  var tokenFile: String?
  @Flag(help: "Ask nobody; say what is in the cache.") var offline = false
  @Option(help: .hidden) var token: String?

  func validate() throws {
    guard token == nil else {
      throw ValidationError(
        "A token on the command line can be read by everybody on this machine; put it into HF_TOKEN, "
          + "or into a file and give --token-file.")
    }
  }

  func run() throws {
    var request = DownloadRequest(try HubRepository(name, repoType), revision: revision)
    request.selection = FileSelection(include: include, exclude: exclude)
    request.folder = localDir
    let access = try HubAccess(
      version: HostVersion.current, tokenFile: tokenFile, isOffline: offline)
    Console.print(try HubFetch(access, tell: .console)(request))
  }
}

extension HubRepository.Kind: ExpressibleByArgument {}
