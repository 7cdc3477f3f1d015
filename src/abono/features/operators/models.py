"""Operators: who sells."""

from django.db import models


class Operator(models.Model):
    """A seller: the provider at the root, or an operator below another."""

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", models.PROTECT, null=True)
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=60)
    locale = models.CharField(max_length=20, db_default="en")
    prices_include_tax = models.BooleanField(db_default=True)
    tax = models.DecimalField(max_digits=7, decimal_places=4, db_default=0)
    tax_reduced = models.DecimalField(max_digits=7, decimal_places=4, db_default=0)
