//go:build tools

// Package geth names the node's command, so that the module graph holds what it needs.
package geth

import _ "github.com/ethereum/go-ethereum/cmd/geth"
