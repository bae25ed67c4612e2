/// The colors of a page, light and dark, as a style sheet. Series are told apart by `c0` … `c9`.
enum Palette {
  /// The number of series' colors; later series begin again.
  static let count = light.count

  /// After Okabe and Ito, "Color universal design" (2008), darkened or lightened to stand out from
  /// the ground.
  private static let light = [
    "#0072b2", "#d55e00", "#00875f", "#b0578d", "#a67c00", "#3b9bd6", "#5b4bb7", "#8c4a2f",
    "#4d7d1f", "#666666",
  ]
  private static let dark = [
    "#56b4e9", "#f08a3c", "#2fc796", "#dd8fbd", "#e0bb3a", "#8fd0f5", "#a79bf0", "#d19a80",
    "#a3cf6f", "#b0b0b0",
  ]

  /// The page's style sheet.
  static var styleSheet: String {
    let series = light.indices.map {
      ".c\($0){fill:var(--c\($0));background:var(--c\($0))}.k\($0){stroke:var(--c\($0))}"
    }
    return """
      :root{color-scheme:light dark;--ground:#ffffff;--panel:#f6f7f9;--ink:#1c2026;--soft:#5b6470;\
      --line:#d9dde3;--above:#1f6fb5;--below:#b8472a;\(variables(light))}
      @media (prefers-color-scheme:dark){:root{--ground:#14171b;--panel:#1d2127;--ink:#e8ebef;\
      --soft:#9aa4b0;--line:#363d46;--above:#2f7fc9;--below:#c25a3c;\(variables(dark))}}
      \(layout)
      \(series.joined(separator: "\n"))
      """
  }

  private static func variables(_ colors: [String]) -> String {
    colors.enumerated().map { "--c\($0):\($1)" }.joined(separator: ";")
  }

  private static let layout = """
    *{box-sizing:border-box}
    body{margin:0;background:var(--ground);color:var(--ink);\
    font:15px/1.5 system-ui,"Segoe UI","DejaVu Sans",sans-serif}
    main{max-width:1240px;margin:0 auto;padding:28px 24px 64px}
    h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 12px}
    h3{font-size:15px;margin:22px 0 8px}
    p,figcaption{color:var(--soft);margin:4px 0 8px}
    .wide{overflow-x:auto;width:fit-content;max-width:100%;border:1px solid var(--line);border-radius:8px}
    table{border-collapse:collapse;font-variant-numeric:tabular-nums}
    th,td{padding:6px 12px;text-align:right;white-space:nowrap;border-top:1px solid var(--line)}
    thead th{border-top:0;background:var(--panel);font-weight:600}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}
    dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
    .prose{text-align:left;white-space:pre-wrap;min-width:18em;max-width:36em;vertical-align:top;\
    overflow-wrap:anywhere}
    .text{text-align:left}tbody th{font-weight:400}
    th:first-child{position:sticky;left:0;background:var(--panel)}
    .main th,.main td{font-weight:700}
    small{color:var(--soft);font-weight:400;font-size:13px}
    .charts{display:grid;gap:20px;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr))}
    figure{margin:0;padding:14px 16px;background:var(--panel);border-radius:8px}
    figure h3{margin:0 0 8px}
    svg{display:block;max-width:100%;height:auto;margin:0 auto}
    svg text{font-size:12px;fill:var(--ink)}svg .axis{fill:var(--soft);font-size:13px}
    svg .strong{fill:#ffffff}
    .grid{stroke:var(--line);stroke-width:1}.zero,.whisker{stroke:var(--ink);stroke-width:1.2}
    .identity{stroke:var(--soft);stroke-width:1.4;stroke-dasharray:5 4}
    .curve{fill:none;stroke-width:1.8}
    .dot{fill-opacity:.6;stroke:var(--panel);stroke-width:.6}
    .above{fill:var(--above)}.below{fill:var(--below)}.nothing{fill:var(--line)}
    .legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:13px;margin:8px 0 4px}
    .legend i{display:inline-block;width:11px;height:11px;border-radius:2px;margin-right:6px}
    details{margin-top:28px}summary{cursor:pointer}
    pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--panel);padding:12px 16px;\
    border-radius:8px;font-size:13px}
    @media print{.charts{display:block}figure{break-inside:avoid;margin-bottom:16px}}
    """
}
