-- Runs busted under whatever interpreter runs this file, so that the stock
-- lua5.4 and the project's own hosts take the same specs.
require "busted.runner" { standalone = false }
