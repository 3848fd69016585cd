"""What Microsoft documents of the WMI classes that checks ask: properties and their CIM types.

Source: learn.microsoft.com/windows/win32 (cimwin32prov, secprov, hyperv_v2, stormgmt, wmicoreprov) and
powershell/module/defender. The letters are s text, n number, b boolean, d moment, S and N lists of texts and
numbers. Counter classes are made by Windows from the counter sets that are installed.
"""

_LINES = """
SoftwareLicensingProduct ApplicationID:s Description:s EvaluationEndDate:d GracePeriodRemaining:n ID:s
SoftwareLicensingProduct LicenseFamily:s LicenseStatus:n LicenseStatusReason:n Name:s PartialProductKey:s
SoftwareLicensingProduct ProductKeyChannel:s
Win32_BIOS Manufacturer:s Name:s ReleaseDate:d SMBIOSBIOSVersion:s SerialNumber:s Version:s
Win32_BaseBoard Manufacturer:s Model:s Product:s SerialNumber:s Tag:s Version:s
Win32_ComputerSystem Domain:s DomainRole:n Manufacturer:s Model:s Name:s NumberOfLogicalProcessors:n
Win32_ComputerSystem NumberOfProcessors:n PCSystemType:n PartOfDomain:b SystemFamily:s SystemSKUNumber:s
Win32_ComputerSystem TotalPhysicalMemory:n UserName:s Workgroup:s
Win32_ComputerSystemProduct IdentifyingNumber:s Name:s SKUNumber:s UUID:s Vendor:s Version:s
Win32_DiskDrive DeviceID:s FirmwareRevision:s Index:n InterfaceType:s MediaType:s Model:s PNPDeviceID:s
Win32_DiskDrive SerialNumber:s Size:n Status:s
Win32_NetworkAdapter AdapterTypeId:n Index:n InterfaceIndex:n MACAddress:s Name:s NetConnectionID:s
Win32_NetworkAdapter NetEnabled:b PNPDeviceID:s PhysicalAdapter:b ServiceName:s Speed:n
Win32_NetworkAdapterConfiguration DHCPEnabled:b DHCPServer:s DNSServerSearchOrder:S DefaultIPGateway:S
Win32_NetworkAdapterConfiguration Description:s IPAddress:S IPEnabled:b IPSubnet:S Index:n
Win32_NetworkAdapterConfiguration InterfaceIndex:n MACAddress:s
Win32_OperatingSystem BuildNumber:s CSName:s Caption:s InstallDate:d LastBootUpTime:d OSArchitecture:s
Win32_OperatingSystem ProductType:n Version:s
Win32_PhysicalMemory BankLabel:s Capacity:n DeviceLocator:s FormFactor:n Manufacturer:s MemoryType:n
Win32_PhysicalMemory PartNumber:s SMBIOSMemoryType:n SerialNumber:s Speed:n
Win32_PhysicalMemoryArray MaxCapacity:n MaxCapacityEx:n MemoryDevices:n Use:n
Win32_PnPEntity DeviceID:s Manufacturer:s Name:s PNPClass:s PNPDeviceID:s Status:s
Win32_PrintJob Document:s JobId:n Name:s StatusMask:n TimeSubmitted:d
Win32_Printer Default:b DriverName:s Local:b Name:s Network:b PortName:s PrinterState:n PrinterStatus:n
Win32_Printer Shared:b
Win32_Processor LoadPercentage:n MaxClockSpeed:n Name:s NumberOfCores:n NumberOfLogicalProcessors:n
Win32_Processor SocketDesignation:s
Win32_ShadowCopy ClientAccessible:b ID:s InstallDate:d VolumeName:s
Win32_ShadowStorage AllocatedSpace:n MaxSpace:n UsedSpace:n Volume:o
Win32_SystemEnclosure ChassisTypes:N Manufacturer:s SMBIOSAssetTag:s SerialNumber:s
Win32_UserAccount Disabled:b Domain:s FullName:s LocalAccount:b Lockout:b Name:s PasswordRequired:b SID:s
Win32_VideoController AdapterCompatibility:s AdapterRAM:n DriverVersion:s Name:s PNPDeviceID:s
Win32_Volume Capacity:n DeviceID:s DriveLetter:s DriveType:n FileSystem:s FreeSpace:n Label:s Name:s
Win32_Volume SerialNumber:n
MSFT_MpComputerStatus AMProductVersion:s AMRunningMode:s AMServiceEnabled:b AntivirusEnabled:b
MSFT_MpComputerStatus AntivirusSignatureLastUpdated:d FullScanEndTime:d IsTamperProtected:b
MSFT_MpComputerStatus QuickScanEndTime:d RealTimeProtectionEnabled:b
MSFT_MpThreat IsActive:b SeverityID:n ThreatID:n ThreatName:s
MSFT_SmbServerConfiguration EnableSMB1Protocol:b RequireSecuritySignature:b
MSFT_StorageJob JobState:n Name:s PercentComplete:n
MSFT_StoragePool AllocatedSize:n FriendlyName:s HealthStatus:n IsPrimordial:b IsReadOnly:b
MSFT_StoragePool OperationalStatus:N ReadOnlyReason:n Size:n UniqueId:s
MSFT_VirtualDisk DetachedReason:n FriendlyName:s HealthStatus:n OperationalStatus:N ProvisioningType:n
MSFT_VirtualDisk ResiliencySettingName:s Size:n UniqueId:s
MSFT_PhysicalDisk BusType:n DeviceId:s FirmwareVersion:s FriendlyName:s HealthStatus:n MediaType:n
MSFT_PhysicalDisk SerialNumber:s Size:n SpindleSpeed:n
AntiVirusProduct displayName:s instanceGuid:s productState:n timestamp:s
FirewallProduct displayName:s instanceGuid:s productState:n timestamp:s
MSFT_NetAdapter HardwareInterface:b Hidden:b InterfaceDescription:s InterfaceIndex:n InterfaceType:n
MSFT_NetAdapter Name:s NdisPhysicalMedium:n PermanentAddress:s Virtual:b
MSFT_NetIPAddress IPAddress:s InterfaceIndex:n PrefixOrigin:n SuffixOrigin:n
Win32_Tpm IsActivated_InitialValue:b IsEnabled_InitialValue:b IsOwned_InitialValue:b ManufacturerIdTxt:s
Win32_Tpm ManufacturerVersion:s SpecVersion:s
Win32_EncryptableVolume ConversionStatus:n DriveLetter:s EncryptionMethod:n ProtectionStatus:n
Win32_EncryptableVolume VolumeType:n
Msvm_ComputerSystem ElementName:s EnabledState:n InstallDate:d Name:s ReplicationHealth:n
Msvm_ComputerSystem ReplicationMode:n ReplicationState:n
Msvm_MemorySettingData InstanceID:s VirtualQuantity:n
Msvm_ProcessorSettingData InstanceID:s VirtualQuantity:n
Msvm_VirtualSystemSettingData AutomaticStartupAction:n CreationTime:d VirtualSystemIdentifier:s
Msvm_VirtualSystemSettingData VirtualSystemType:s
BatteryCycleCount CycleCount:n InstanceName:s
BatteryFullChargedCapacity FullChargedCapacity:n InstanceName:s
BatteryStaticData Chemistry:n DesignedCapacity:n DeviceName:s InstanceName:s ManufactureName:s
BatteryStaticData SerialNumber:s
MSAcpi_ThermalZoneTemperature CriticalTripPoint:n CurrentTemperature:n InstanceName:s
WmiMonitorID Active:b InstanceName:s ManufacturerName:N ProductCodeID:N SerialNumberID:N
WmiMonitorID UserFriendlyName:N WeekOfManufacture:n YearOfManufacture:n
"""


def _classes() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in _LINES.strip().splitlines():
        name, *properties = line.split(" ")
        found.setdefault(name, {}).update(one.split(":") for one in properties)
    return found


CLASSES = _classes()
COUNTERS = "Win32_Perf"
