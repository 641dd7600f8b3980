std = "lua54"
max_line_length = 100
files["spec/**/*_spec.lua"].std = "+busted"
