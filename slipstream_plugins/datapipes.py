"""Importing this module gives torch's DataPipes the method `slip_decode`. So does the first use of any public stage."""

from slipstream_plugins.adapters.datapipes import SlipDecodeIterDataPipe, SlipDecodeMapDataPipe, register

__all__ = ["SlipDecodeIterDataPipe", "SlipDecodeMapDataPipe", "register"]

register()
