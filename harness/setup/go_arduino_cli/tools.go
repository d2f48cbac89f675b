//go:build tools

// Package arduinocli names the program to build, so that go.mod and go.sum cover all of its modules.
package arduinocli

import _ "github.com/arduino/arduino-cli"
