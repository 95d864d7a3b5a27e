"""Link, network and transport headers, the flow table and reassembly."""
