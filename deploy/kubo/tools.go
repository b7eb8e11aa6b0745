//go:build tools

// Package kubo names the node's command, so that the module graph holds what it needs.
package kubo

import _ "github.com/ipfs/kubo/cmd/ipfs"
