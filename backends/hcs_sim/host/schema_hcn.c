/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of computenetwork, schema 2.x: members and types as in Microsoft's HNS schema and in
 * hcsshim's hcn structs. A document read back from the service (with Health, MacAddress, ...) is
 * one that can be sent again, so members of answers are known here too.
 */
#include "backends/hcs_sim/host/schema_macros.h"

#define U16 65535
#define U32 UINT32_MAX

PART(version, { .name = "Major", .type = SCHEMA_NUMBER, .most = INT32_MAX, .must = true },
     NUMBER(Minor, INT32_MAX))

/* What every kind has. */
#define BASE                                                                                       \
	GUID_(ID), TEXT(Owner), TEXT(Name), NUMBER(Version, INT64_MAX), ANY(AdditionalParams),     \
		ANY(Health), OBJECT(SchemaVersion, version)

PART(route, TEXT(NextHop), TEXT(DestinationPrefix), NUMBER(Metric, U16))
PART(policy, MUST(Type, SCHEMA_TEXT), ANY(Settings))
PART(subnet, MUST(IpAddressPrefix, SCHEMA_TEXT), LIST(Policies, policy), LIST(Routes, route),
     NUMBER(Flags, U32), GUID_(ID))
PART(ipam, WORD(Type, "Static DHCP"), LIST(Subnets, subnet), NUMBER(Flags, U32))
PART(mac_range, TEXT(StartMacAddress), TEXT(EndMacAddress))
PART(mac_pool, LIST(Ranges, mac_range))
PART(dns, TEXT(Domain), TEXTS(Search), TEXTS(ServerList), TEXTS(Options))
PART(ip_config, TEXT(IpAddress), NUMBER(PrefixLength, 128), GUID_(IpSubnetId))
PART(resource, WORD(Type, "Endpoint Container"), ANY(Data))

SCHEMA(network, BASE, WORD(Type, "NAT Transparent L2Bridge L2Tunnel ICS Private Internal Overlay"),
       LIST(Policies, policy), OBJECT(MacPool, mac_pool), OBJECT(Dns, dns), LIST(Ipams, ipam),
       NUMBER(Flags, U32))

SCHEMA(endpoint, BASE, GUID_(HostComputeNetwork), GUID_(HostComputeNamespace),
       LIST(Policies, policy), LIST(IpConfigurations, ip_config), OBJECT(Dns, dns),
       LIST(Routes, route), TEXT(MacAddress), NUMBER(Flags, U32))

SCHEMA(namespace, BASE, NUMBER(NamespaceId, U32), WORD(Type, "Host HostDefault Guest GuestDefault"),
       LIST(Resources, resource))

SCHEMA(hcn_query, OBJECT(SchemaVersion, version), NUMBER(Flags, U32), TEXT(Filter))

SCHEMA(hcn_modify, MUST(ResourceType, SCHEMA_TEXT),
       { .name = "RequestType",
	 .type = SCHEMA_TEXT,
	 .words = "Add Remove Update Refresh",
	 .must = true },
       ANY(Settings))

SCHEMA(policies, LIST(Policies, policy))
SCHEMA(endpoint_id, { .name = "EndpointId", .type = SCHEMA_GUID, .must = true })

/* Settings of the policies that the simulator looks into. */
SCHEMA(port_mapping, NUMBER(Protocol, 255), NUMBER(InternalPort, U16), NUMBER(ExternalPort, U16),
       TEXT(VIP), NUMBER(Flags, U32))
SCHEMA(acl, TEXT(Protocols), WORD(Action, "Allow Block Pass"), WORD(Direction, "In Out"),
       TEXT(LocalAddresses), TEXT(RemoteAddresses), TEXT(LocalPorts), TEXT(RemotePorts),
       WORD(RuleType, "Host Switch"), NUMBER(Priority, U16))
SCHEMA(outbound_nat, TEXT(VirtualIP), TEXTS(Exceptions), TEXTS(Destinations), NUMBER(Flags, U32),
       NUMBER(MaxPortPoolUsage, U16))
SCHEMA(sdn_route, TEXT(DestinationPrefix), TEXT(NextHop), BOOL_(NeedEncap))
