@main struct Host { static func main() {} }
