#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests on machines, behind the fence, in an order: the newcomer's makes the package that the others install.
Words choose tests by a part of their name. Ends with the count of what passed and failed."""
import sys
import time
import unittest

import on_machine  # noqa: F401  (it says where the modules are that the tests use)

MODULES = ("newcomer_test", "service_test", "sandbox_test", "direct_test", "package_test", "node_test")


class Result(unittest.TextTestResult):
    """Shows with a failure what the machine has to say."""

    n_passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.n_passed += 1

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._explain(test)

    def addError(self, test, error):
        super().addError(test, error)
        self._explain(test)

    def _explain(self, test):
        if hasattr(test, "say"):
            print(test.say(), flush=True)


def main():
    began = time.monotonic()
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{word}*" for word in sys.argv[1:]] or None
    suite = loader.loadTestsFromNames(MODULES)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Result).run(suite)
    for test, why in result.skipped:
        print(f"not tested: {test}: {why}")
    print(f"{time.monotonic() - began:.0f} s on the machines")
    n_failed = len(result.failures) + len(result.errors) + (result.testsRun == 0)
    print(f"{result.n_passed} passed, {n_failed} failed", flush=True)
    return n_failed != 0


if __name__ == "__main__":
    sys.exit(main())
