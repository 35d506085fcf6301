from common.testing.plugin import template_fixture

template = template_fixture("billing")
