"""The edges of a deployment: onramps bring bytes in, offramps send them out, codecs and processors stand between."""
