import Testing

@testable import SpeechDrama

@Suite struct PluginTests {
  @Test func servesThisHost() { #expect(plugin.table(hostABI: 1) != nil) }
}
