// Replaced by the plugin's first file.
