package com.example.agent;

/** An error whose message says what to do. It needs no stack trace. */
final class Advice extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Advice(String message) {
    super(message);
  }
}
