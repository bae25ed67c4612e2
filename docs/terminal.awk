# Draws the text of a terminal, with its SGR sequences, as an SVG that follows light and dark.
# usage: awk -v columns=80 -f terminal.awk screen > picture.svg
function escaped(s) {
  gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s)
  return s
}
# Bold, dim and the eight colors are what the program uses.
function style(code) {
  if (code == "" || code == "0" || code == "39" || code == "22") return ""
  if (code == "1") return "b"
  if (code == "2") return "d"
  if (code ~ /^3[1-7]$/) return "c" substr(code, 2)
  return class
}
function drawn(line,    out, piece, n, i, parts, codes, m, k) {
  out = ""
  n = split(line, parts, /\033\[/)
  for (i = 1; i <= n; i++) {
    piece = parts[i]
    if (i > 1 && match(piece, /^[0-9;]*m/)) {
      m = split(substr(piece, 1, RLENGTH - 1), codes, ";")
      if (m == 0) class = ""
      for (k = 1; k <= m; k++) class = style(codes[k])
      piece = substr(piece, RLENGTH + 1)
    }
    if (piece == "") continue
    out = out (class == "" ? escaped(piece) : "<tspan class=\"" class "\">" escaped(piece) "</tspan>")
  }
  return out
}
{ lines[NR] = drawn($0); if ($0 !~ /^[[:space:]]*$/) last = NR }
END {
  width = columns * 8.43 + 32; height = last * 18 + 32
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\">\n", width, height, width
  print "<style>text{font:14px ui-monospace,Menlo,Consolas,monospace;white-space:pre;fill:#1f2328}"
  print ".bg{fill:#f6f8fa;stroke:#d1d9e0}.b{font-weight:600}.d{fill:#6e7781}.c1{fill:#cf222e}.c2{fill:#1a7f37}"
  print ".c3{fill:#9a6700}.c4{fill:#0969da}.c5{fill:#8250df}.c6{fill:#1b7c83}"
  print "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bg{fill:#0d1117;stroke:#30363d}.d{fill:#8b949e}"
  print ".c1{fill:#ff7b72}.c2{fill:#3fb950}.c3{fill:#d29922}.c4{fill:#58a6ff}.c5{fill:#bc8cff}.c6{fill:#39c5cf}}</style>"
  printf "<rect class=\"bg\" x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", width - 1, height - 1
  for (i = 1; i <= last; i++)
    if (lines[i] != "") printf "<text x=\"16\" y=\"%d\" xml:space=\"preserve\">%s</text>\n", i * 18 + 12, lines[i]
  print "</svg>"
}
