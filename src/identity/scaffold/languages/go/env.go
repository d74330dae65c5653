package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// loadEnv sets the variables of a file. Those of the environment win, and the file can be missing, as in a container.
func loadEnv(path string) error {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for line := range strings.Lines(string(content)) {
		name, value, found := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !found || strings.HasPrefix(name, "#") || os.Getenv(name) != "" {
			continue
		}
		if err := os.Setenv(name, strings.Trim(strings.TrimSpace(value), `"'`)); err != nil {
			return err
		}
	}
	return nil
}

// settings returns the values of variables, all of them set.
func settings(names ...string) ([]string, error) {
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = os.Getenv(name)
		if values[i] == "" {
			return nil, fmt.Errorf("%s is not set: copy .env.example to .env and fill it in", name)
		}
	}
	return values, nil
}
