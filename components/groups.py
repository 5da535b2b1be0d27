"""The two groups that every site has; apps and site files name them so. Pure, without Pulumi."""

#: Those who run the site.
OPERATORS = "operators"
#: Those who do their research here.
RESEARCHERS = "researchers"
