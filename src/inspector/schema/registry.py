"""All schemas in force for one session."""


class Schemas:
    """Names and types by schema language."""

    def __init__(self) -> None:
        from inspector.schema.proto import ProtoSchema
        from inspector.schema.thrift import ThriftSchema

        self.thrift = ThriftSchema()
        self.proto = ProtoSchema()
