package com.example.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Environment variables, and the lines of {@code .env} for those that are not set. */
final class Settings {
  private final Map<String, String> values;

  private Settings(Map<String, String> values) {
    this.values = values;
  }

  static Settings load() throws IOException {
    var values = new HashMap<String, String>();
    var file = Path.of(".env");
    // A container has no file: it gets its settings from outside.
    if (Files.exists(file)) {
      for (var line : Files.readAllLines(file)) {
        var parts = line.split("=", 2);
        if (parts.length == 2 && !line.startsWith("#")) {
          values.put(parts[0].strip(), parts[1].strip().replaceAll("^([\"'])(.*)\\1$", "$2"));
        }
      }
    }
    System.getenv().forEach((name, value) -> {
      if (!value.isEmpty()) {
        values.put(name, value);
      }
    });
    return new Settings(values);
  }

  /** The value of a variable; empty when it is missing or empty. */
  Optional<String> find(String name) {
    return Optional.ofNullable(values.get(name)).filter(value -> !value.isEmpty());
  }

  String require(String name) {
    return find(name).orElseThrow(() -> new Advice(name + " is not set: copy .env.example to .env and fill it in"));
  }
}
